// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The parser's errors have no parts but their text: those of its forms that are known are put in other words, and a
// form that is not known is passed on. A word that is no command or option is looked for first, for the parser may tell
// of another mistake that only follows from it.
#include "cli/usage.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <regex>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/exit_code.h"
#include "cli/table.h"

namespace chi::cli {

namespace {

std::vector<std::string> command_names(const CLI::App& group) {
  std::vector<std::string> out;
  for (const CLI::App* each : group.get_subcommands([](const CLI::App* app) { return !app->get_group().empty(); })) {
    out.push_back(each->get_name());
  }
  return out;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> out;
  for (const CLI::Option* each : command.get_options()) {
    for (const std::string& name : each->get_lnames()) out.push_back("--" + name);
    for (const std::string& name : each->get_snames()) out.push_back("-" + name);
  }
  return out;
}

std::string path_of(const CLI::App& command) {
  std::string out = command.get_name();
  for (const CLI::App* at = command.get_parent(); at; at = at->get_parent()) out = at->get_name() + " " + out;
  return out;
}

// Where the words leave the tree of commands: the command, and the number of words that lead to it.
std::pair<const CLI::App*, std::size_t> follow(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App* at = &program;
  std::size_t used = 0;
  for (; used < words.size(); ++used) {
    const std::vector<const CLI::App*> next =
        at->get_subcommands([&](const CLI::App* each) { return each->get_name() == words[used]; });
    if (next.empty()) break;
    at = next.front();
  }
  return {at, used};
}

std::string unknown_command(const CLI::App& group, const std::string& word) {
  if (group.get_require_subcommand_min() == 0 || word.starts_with('-')) return {};
  return fmt::format("'{}' is no command{}", word, did_you_mean(word, command_names(group)));
}

// The first word that begins as an option and is none. What stands behind "--" is no option, whatever it looks like.
std::string unknown_option(const CLI::App& command, const std::vector<std::string>& words, std::size_t from) {
  const std::vector<std::string> known = option_names(command);
  for (std::size_t i = from; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    const bool is_long = word.starts_with("--");
    const bool is_short =
        !is_long && word.size() > 1 && word[0] == '-' && std::isalpha(static_cast<unsigned char>(word[1]));
    if (!is_long && !is_short) continue;
    const std::string name = is_long ? word.substr(0, word.find('=')) : word.substr(0, 2);
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return fmt::format("`{}` has no option '{}'{}", path_of(command), is_long ? name : word, did_you_mean(name, known));
  }
  return {};
}

struct Form {
  const char* pattern;
  const char* words;  // $1, $2: the pattern's groups
};

constexpr Form kForms[] = {
    {"Could not convert: (.+?) = (.*)", "'$2' is no value of $1; it takes "},  // what it takes is added
    {"The following arguments? (?:was|were) not expected: (.*)", "too many words: $1"},
    {"(.+): Value (.*) not in range (.*) to (.*)", "$1: $2 is not from $3 to $4"},
    {"(.+): (.*) not in \\{(.*)\\}", "$1: '$2' is none of $3"},
    {"(.+): \\d+ required .* missing", "$1 needs a value"},
    {"(.+): At Most (\\d+) required but received (\\d+)", "$1 is given $3 times, and taken $2 time"},
    {"A subcommand is required", "a command is missing: "},  // the commands are added
    {"(.+) excludes (.+)", "$1 and $2 exclude each other"},
    {"(.+) requires (.+)", "$1 needs $2 beside it"},
    {"(.+) is required", "$1 is missing"},
};

std::string kind_of(const CLI::App& command, const std::string& name) {
  const CLI::Option* option = command.get_option_no_throw(name);
  const std::string type = option ? option->get_type_name() : "";
  if (type.starts_with("UINT")) return "a whole number from 0 on";
  if (type.starts_with("INT")) return "a whole number";
  if (type.starts_with("FLOAT")) return "a number";
  return "no value, or true or false";
}

std::string in_other_words(const CLI::App& command, const std::string& said) {
  for (const Form& form : kForms) {
    std::smatch found;
    if (!std::regex_match(said, found, std::regex(form.pattern))) continue;
    std::string out = found.format(form.words);
    if (out.ends_with("takes ")) out += kind_of(command, found[1]);
    if (out.ends_with("missing: ")) out += list_of(command_names(command));
    return out;
  }
  return said;
}

}  // namespace

const CLI::App& reached_command(const CLI::App& program, const std::vector<std::string>& words) {
  return *follow(program, words).first;
}

Error usage_error(const CLI::App& program, const CLI::ParseError& problem, const std::vector<std::string>& words) {
  const auto [command, used] = follow(program, words);
  std::string text = used < words.size() ? unknown_command(*command, words[used]) : std::string();
  if (text.empty()) text = unknown_option(*command, words, used);
  if (text.empty()) text = in_other_words(*command, problem.what());
  return {Code::invalid_argument,
          fmt::format("{}{} see `{} --help`", text, text.ends_with('?') ? "" : ";", path_of(*command)),
          {}};
}

int end_of_parse(const CLI::App& program, const CLI::ParseError& problem, const std::vector<std::string>& words) {
  if (problem.get_exit_code() != 0) return report_usage(usage_error(program, problem, words));
  program.exit(problem);
  return kDone;
}

}  // namespace chi::cli

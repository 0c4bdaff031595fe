// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Walks the line as the parser would: subcommands, options with their values, positional arguments.
#include "cli/candidates.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace chi::cli {

namespace {

using Words = std::vector<std::string>;

struct Line {
  const CLI::App* command = nullptr;
  std::string path;         // "pool describe"
  Words positional;         // of the command
  std::string open_option;  // the one whose value comes last; empty: none
  std::string daemon = "default";
};

const CLI::App* find_subcommand(const CLI::App& command, const std::string& word) {
  for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (each->get_name() == word) return each;
  }
  return nullptr;
}

const CLI::Option* find_option(const CLI::App& command, const std::string& word) {
  for (const CLI::Option* each : command.get_options([](const CLI::Option*) { return true; })) {
    if (each->nonpositional() && each->check_name(word)) return each;
  }
  return nullptr;
}

// An option that always has a value in a word of its own.
bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_min() > 0 && option.get_type_size_min() > 0;
}

Line read_line(const CLI::App& program, const Words& words) {
  Line line;
  line.command = &program;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.starts_with('-')) {
      const CLI::Option* option = find_option(*line.command, word);
      if (!option || !takes_value(*option)) continue;
      const bool has_value = i + 2 < words.size();
      if (!has_value) line.open_option = option->get_name();
      if (has_value && option->check_name("--name")) line.daemon = words[i + 1];
      ++i;
    } else if (const CLI::App* sub = find_subcommand(*line.command, word)) {
      line.command = sub;
      line.path += line.path.empty() ? word : " " + word;
    } else {
      line.positional.push_back(word);
    }
  }
  return line;
}

Words option_values(const Line& line, const NameSource& names) {
  if (line.open_option == "--name") return names.daemons();
  if (line.open_option == "--module") return names.modules(line.daemon);
  if (line.open_option == "--query")
    return {"all", "any", "local", "leader", "container:", "range:", "hash:", "until:"};
  return {};
}

Words option_names(const CLI::App& command) {
  Words out;
  for (const CLI::Option* each : command.get_options([](const CLI::Option*) { return true; })) {
    for (const std::string& name : each->get_lnames()) out.push_back("--" + name);
  }
  return out;
}

Words positional_values(const Line& line, const NameSource& names) {
  const std::size_t position = line.positional.size();
  if (line.path == "call") {
    if (position == 0) return names.pools(line.daemon);
    if (position == 1) return names.methods(line.daemon, line.positional[0]);
    return names.fields(line.daemon, line.positional[0], line.positional[1]);
  }
  if (position > 0) return {};
  if (line.path == "pool describe" || line.path == "pool destroy") return names.pools(line.daemon);
  if (line.path == "bdev check" || line.path == "bdev export") return names.pools(line.daemon);
  if (line.path == "module describe" || line.path == "module load") return names.modules(line.daemon);
  if (line.path == "completion") return {"bash", "zsh", "fish"};
  Words out;
  for (const CLI::App* each : line.command->get_subcommands([](const CLI::App*) { return true; })) {
    if (!each->get_group().empty()) out.push_back(each->get_name());
  }
  return out;
}

}  // namespace

std::vector<std::string> complete(const CLI::App& program, const NameSource& names, const Words& words) {
  const std::string last = words.empty() ? std::string() : words.back();
  const Line line = read_line(program, words);
  Words out = !line.open_option.empty() ? option_values(line, names)
              : last.starts_with('-')   ? option_names(*line.command)
                                        : positional_values(line, names);
  std::erase_if(out, [&last](const std::string& each) { return !each.starts_with(last); });
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace chi::cli

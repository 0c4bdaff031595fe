// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements arguments.h.
#include "cli/arguments.h"

#include <chimaera/detail/errno_error.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/exit_code.h"
#include "cli/failure.h"
#include "codec/json_text.h"

namespace chi::cli {

namespace {

// Until its end, or one byte more than JSON may have: what never ends must not fill the memory.
Result<std::string> read_all(int from) {
  std::string text;
  while (text.size() <= kMaxJsonText) {
    const std::size_t had = text.size();
    text.resize(std::min(kMaxJsonText + 1, std::max<std::size_t>(had * 2, 64 << 10)));
    const ssize_t got = ::read(from, text.data() + had, text.size() - had);
    const int failure = errno;
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
    if (got < 0 && failure != EINTR) {
      Error error = detail::error_of_errno(failure);
      error.text = "cannot read the request from stdin: " + error.text;
      return error;
    }
  }
  return text;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> split_fields(const std::vector<std::string>& arguments) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& argument : arguments) {
    const auto equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{Code::invalid_argument, fmt::format("'{}' is no field; write it as key=value", argument), {}};
    }
    out.emplace_back(argument.substr(0, equals), argument.substr(equals + 1));
  }
  return out;
}

namespace {

constexpr std::size_t kMostOfAFile = std::size_t{1} << 30;

// "@FILE" stands for what is in the file, "@@" for a text that begins with "@".
Status read_files(std::vector<std::pair<std::string, std::string>>& fields) {
  for (auto& [key, value] : fields) {
    if (!value.starts_with('@')) continue;
    const std::string path = value.substr(1);
    if (path.starts_with('@')) {
      value = path;
      continue;
    }
    Result<std::string> content = read_file(path, kMostOfAFile);
    if (!content.ok()) {
      return Error{content.code(),
                   fmt::format("field '{}': {}; for a text that begins with '@' write '@@'", key, content.error().text),
                   {}};
    }
    value = *std::move(content);
  }
  return {};
}

}  // namespace

Result<Json> request_json(const SchemaType& type, const std::vector<std::string>& fields, const std::string& json) {
  if (json.empty()) {
    auto pairs = split_fields(fields);
    if (!pairs.ok()) return pairs.error();
    if (Status read = read_files(*pairs); !read) return std::move(read).error();
    return fields_to_json(type, *pairs);
  }
  if (!fields.empty()) {
    return Error{Code::invalid_argument, "give the fields as key=value or as JSON, not as both", {}};
  }
  if (json != "-") return parse_json(json);
  const Result<std::string> text = read_all(STDIN_FILENO);
  return text.ok() ? parse_json(*text) : text.error();
}

Result<std::uint32_t> parse_mode(const std::string& text) {
  std::uint32_t mode = 0;
  const bool octal = !text.empty() && text.size() <= 4 && text.find_first_not_of("01234567") == std::string::npos;
  for (std::size_t i = 0; octal && i < text.size(); ++i) mode = mode * 8 + static_cast<std::uint32_t>(text[i] - '0');
  if (!octal || mode > 0777) {
    return Error{Code::invalid_argument, fmt::format("'{}' is no mode; three octal digits are, as in 640", text), {}};
  }
  return mode;
}

Result<Query> query_of(const std::string& text) {
  Query query;
  if (text.empty() || parse_query(text, query)) return query;
  return Error{Code::invalid_argument,
               fmt::format("'{}' is no query; there are: all any local leader container:3 range:0-3 hash:KEY until:0-3 "
                           "node:1",
                           text),
               {}};
}

int report_usage(const Error& error) {
  print_failure(error);
  return kUsage;
}

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements module_name.h.
#include "cli/module_name.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "cli/table.h"

namespace chi::cli {

namespace {

constexpr auto kKeywords = std::to_array<std::string_view>({
    "alignas",     "alignof",  "and",       "and_eq",    "asm",       "auto",         "bitand",
    "bitor",       "bool",     "break",     "case",      "catch",     "char",         "char16_t",
    "char32_t",    "char8_t",  "class",     "co_await",  "co_return", "co_yield",     "compl",
    "concept",     "const",    "consteval", "constexpr", "constinit", "const_cast",   "continue",
    "decltype",    "default",  "delete",    "do",        "double",    "dynamic_cast", "else",
    "enum",        "explicit", "export",    "extern",    "false",     "float",        "for",
    "friend",      "goto",     "if",        "inline",    "int",       "long",         "mutable",
    "namespace",   "new",      "noexcept",  "not",       "not_eq",    "nullptr",      "operator",
    "or",          "or_eq",    "private",   "protected", "public",    "register",     "reinterpret_cast",
    "requires",    "return",   "short",     "signed",    "sizeof",    "static",       "static_assert",
    "static_cast", "struct",   "switch",    "template",  "this",      "thread_local", "throw",
    "true",        "try",      "typedef",   "typeid",    "typename",  "union",        "unsigned",
    "using",       "virtual",  "void",      "volatile",  "wchar_t",   "while",        "xor",
    "xor_eq",
});

// Namespaces, types and macros that are there already, and what a build calls its own targets.
constexpr auto kTaken = std::to_array<std::string_view>({
    "std",           "chi",
    "chimaera",      "testing",
    "linux",         "unix",
    "i386",          "errno",
    "assert",        "main",
    "TASK_NAME",     "all",
    "test",          "install",
    "help",          "clean",
    "package",       "package_source",
    "depend",        "edit_cache",
    "rebuild_cache", "list_install_components",
});

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "log" and "time" as namespaces do not go together with <cmath> and <ctime>.
bool is_c_function(const std::string& name) { return ::dlsym(RTLD_DEFAULT, name.c_str()) != nullptr; }

}  // namespace

Status check_module_name(std::string_view name) {
  const std::string shown = printable(name.substr(0, kMaxNameLength + 1));
  const auto refused = [&](std::string_view why) {
    return Error{Code::invalid_argument, fmt::format("'{}' cannot be a module's name: {}", shown, why), {}};
  };
  if (name.size() > kMaxNameLength) {
    return refused(fmt::format("it has {} characters, and {} is the most", name.size(), kMaxNameLength));
  }
  if (!is_identifier(name)) {
    return refused("a name is a letter, then letters, digits and '_', such as word_count");
  }
  if (name.find("__") != std::string_view::npos) return refused("C++ keeps names with '__' for itself");
  if (contains(kKeywords, name)) return refused("it is a word of C++; take another, such as my_" + shown);
  if (contains(kTaken, name)) return refused("it is taken; take another, such as my_" + shown);
  if (is_c_function(std::string(name))) {
    return refused("the C library has a function of this name; take another, such as my_" + shown);
  }
  return {};
}

}  // namespace chi::cli

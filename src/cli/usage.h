// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is wrong with a command line, in the program's own words.
#pragma once

#include <chimaera/result.h>

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace chi::cli {

// The command that the words lead to, its options known: `program` itself where the first word is none.
const CLI::App& reached_command(const CLI::App& program, const std::vector<std::string>& words);

// invalid_argument: what is wrong, what was probably meant, and whose help says more. `words`: what stands behind the
// program's name, as it was typed.
Error usage_error(const CLI::App& program, const CLI::ParseError& problem, const std::vector<std::string>& words);

// Prints the help that was asked for, or the error. The exit code.
int end_of_parse(const CLI::App& program, const CLI::ParseError& problem, const std::vector<std::string>& words);

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A new module: the folder of TASK_NAME, copied, with the word replaced in names and contents.
#pragma once

#include <chimaera/result.h>

#include <string>

namespace chi::cli {

// Makes `parent`/`name`, all of it or nothing, and gives its path. invalid_argument: no name; already_exists: there is
// something; not_found: no parent, or no template.
Result<std::string> make_module(const std::string& from_template, const std::string& parent, const std::string& name);

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How a command says on stderr what went wrong.
#pragma once

#include <chimaera/result.h>

namespace chi::cli {

// "error: CODE: TEXT" for people; for scripts, which asked for --json, one line {"error": {"code", "text", "where"}}.
enum class FailureForm { text, json };

// The form of all that follows. Called once, before a command runs.
void use_failure_form(FailureForm form) noexcept;

// One failure, in the form that was chosen. Control characters are escaped: the text may come from somewhere else.
void print_failure(const Error& error);

// Whether stdout is a pipe that nobody reads any more, which is nothing to tell of: `head` has seen enough.
bool stdout_is_closed() noexcept;

}  // namespace chi::cli

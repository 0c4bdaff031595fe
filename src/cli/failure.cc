// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements failure.h.
#include "cli/failure.h"

#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include "cli/json.h"
#include "cli/table.h"

namespace chi::cli {

namespace {

FailureForm chosen = FailureForm::text;  // the program's, as its stderr is

}  // namespace

void use_failure_form(FailureForm form) noexcept { chosen = form; }

void print_failure(const Error& error) {
  if (chosen == FailureForm::text) {
    std::fprintf(stderr, "error: %s\n", printable(error.to_string()).c_str());
    return;
  }
  const Json line = {{"error", error_json(error)}};
  std::fprintf(stderr, "%s\n", line.dump(-1, ' ', true, Json::error_handler_t::replace).c_str());
}

bool stdout_is_closed() noexcept {
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

}  // namespace chi::cli

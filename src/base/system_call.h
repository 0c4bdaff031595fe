// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// System calls that no file's name explains: where one is refused, the error names the call, the kernel's reason, and
// what may be changed. Usable from any thread.
#pragma once

#include <chimaera/result.h>

#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/signals.h"

namespace chi {

// "memfd_create: Operation not permitted (errno 1); ...": permission_denied or failed_precondition where the kernel, or
// a filter of system calls, has none of it; resource_exhausted where a limit is met. `where` is the error's own.
Error call_error(std::string_view call, int error, std::string_view where = {});

// A quiet thread (signals.h) that runs `run`; resource_exhausted or permission_denied, and no thread.
template <class F>
Result<std::thread> start_thread(F&& run, std::string_view where = {}) {
  try {
    return quiet_thread(std::forward<F>(run));
  } catch (const std::system_error& failure) {
    return call_error("clone", failure.code().value(), where);
  }
}

}  // namespace chi

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a daemon says before a fault in it, most often in a module, ends it: the signal, what ran, and the frames of the
// stack, each as a file and an offset that addr2line takes. For a process that is a node's own: in another program
// signals are the program's, and nothing here is used.
#pragma once

#include <chimaera/result.h>

#include <string>

#include "base/unique_fd.h"

namespace chi::runtime {

// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT are reported to `log` (which may be none) and to stderr, and
// then do what they did before: end the process, with a core where there is one. A signal that has a handler already (a
// sanitizer's) keeps it. An exception that nobody catches is named. Once in a process, before it has other threads.
void report_crashes(UniqueFd log);

// A stack for the calling thread's handlers, so that a stack that overflows is reported, too. Nothing where crashes are
// not reported, or the thread has one. For the life of the thread.
class CrashStack {
 public:
  CrashStack() noexcept;
  ~CrashStack();
  CrashStack(const CrashStack&) = delete;
  CrashStack& operator=(const CrashStack&) = delete;

 private:
  void* memory_ = nullptr;
};

}  // namespace chi::runtime

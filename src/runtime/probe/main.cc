// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The program that link_probe.cc starts: it links one library and says when that is over. It is a part of the runtime
// library (link_probe_program.cc), so that whatever program a node is in has it. Descriptors: link_probe.h.
#include <dlfcn.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/link_probe.h"

int main() {
  using chi::runtime::kProbeEnded, chi::runtime::kProbeLibrary, chi::runtime::kProbeProgram, chi::runtime::kProbeReport;
  ::close(kProbeProgram);
  const rlimit no_core{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &no_core);
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)::dlopen("/proc/self/fd/3", RTLD_NOW | RTLD_LOCAL);
  static_assert(kProbeLibrary == 3);
  (void)!::write(kProbeReport, &kProbeEnded, 1);
  ::_exit(0);
}

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What goes wrong in modules, on demand.
#include <chimaera/module.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace crasher {

struct Nothing {};
struct Crash {
  static constexpr chi::Method kMethod{1, "crash", chi::Access::write};
  using Reply = Nothing;
  std::string how;
};
struct CrashLater {
  static constexpr chi::Method kMethod{2, "crash_later", chi::Access::write};
  using Reply = Nothing;
  std::string how;
};

int deeper(volatile int* above) {
  volatile int here[1024];
  here[0] = *above;
  return deeper(here) + here[1];
}

[[noreturn]] void fail() { throw std::runtime_error("the disk is on fire"); }
void throw_where_nothing_may() noexcept { fail(); }

void crash(const std::string& how) {
  if (how == "segv") *reinterpret_cast<volatile int*>(0x1230) = 1;
  if (how == "ill") __builtin_trap();
  if (how == "fpe") std::raise(SIGFPE);
  if (how == "bus") std::raise(SIGBUS);
  if (how == "abort") std::abort();
  if (how == "throw") throw_where_nothing_may();
  volatile int first = 0;
  if (how == "stack") deeper(&first);
}

class Crasher : public chi::Container<> {
 public:
  chi::Result<Nothing> on(const Crash& request) {
    crash(request.how);
    return Nothing{};
  }
  chi::Task<chi::Result<Nothing>> on(const CrashLater& request) {
    const std::string how = request.how;
    co_await chi::sleep_for(std::chrono::milliseconds(1));
    crash(how);
    co_return Nothing{};
  }
};

}  // namespace crasher

CHI_EXPORT_MODULE(crasher::Crasher, crasher::Crash, crasher::CrashLater)

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Somebody else, as far as the kernel is concerned: a thread with ids of its own. Needs root.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace chi::test {

inline constexpr std::uint32_t kSomebody = 54'321;
inline constexpr std::uint32_t kSomebodyElse = 54'322;

// Runs `act` on a thread that has these ids alone. The calls of libc would change the whole process. False: they were
// refused, and nothing has run.
template <class F>
bool as_user(std::uint32_t uid, std::uint32_t gid, const std::vector<gid_t>& groups, F act) {
  bool is = false;
  std::thread([&] {
    is = ::syscall(SYS_setgroups, groups.size(), groups.data()) == 0 && ::syscall(SYS_setresgid, gid, gid, gid) == 0 &&
         ::syscall(SYS_setresuid, uid, uid, uid) == 0;
    if (is) act();
  }).join();
  return is;
}

}  // namespace chi::test

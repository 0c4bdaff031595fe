// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls that are counted by caller. Each caller numbers its calls to each container from 1; the container sees whether
// they begin in that order.
#pragma once

#include <chimaera/method.h>

#include <cstdint>
#include <string>

namespace ledger {

struct Done {};

struct Note {
  static constexpr chi::Method kMethod{1, "note", chi::Access::write};
  using Reply = Done;
  std::uint64_t caller = 0;
  std::uint64_t number = 0;
};

// The same, and then sleeps.
struct Linger {
  static constexpr chi::Method kMethod{2, "linger", chi::Access::write};
  using Reply = Done;
  std::uint64_t caller = 0;
  std::uint64_t number = 0;
  std::uint64_t ns = 0;
};

// The same, and then calls another container `times`, in this one's name, and waits for the last or for none.
struct Relay {
  static constexpr chi::Method kMethod{3, "relay", chi::Access::write};
  using Reply = Done;
  std::uint64_t caller = 0;
  std::uint64_t number = 0;
  std::uint32_t to = 0;
  std::uint32_t times = 1;
  bool forget = false;
};

// The same, and then computes.
struct Work {
  static constexpr chi::Method kMethod{4, "work", chi::Access::write};
  using Reply = Done;
  std::uint64_t caller = 0;
  std::uint64_t number = 0;
  std::uint64_t ns = 0;
};

// The same as Work, and says that it takes long.
struct Toil {
  static constexpr chi::Method kMethod{6, "toil", chi::Access::write, chi::Duration::long_running};
  using Reply = Done;
  std::uint64_t caller = 0;
  std::uint64_t number = 0;
  std::uint64_t ns = 0;
};

struct Totals {
  std::uint64_t begun = 0;
  std::uint64_t ended = 0;
  std::uint64_t relayed = 0;   // calls to others
  std::uint64_t disorder = 0;  // calls that did not begin next after their caller's one before
  std::string first;           // the first of these
};
struct Read {
  static constexpr chi::Method kMethod{5, "read", chi::Access::read};
  using Reply = Totals;
  static void merge(Totals& into, Totals&& from) {
    into.begun += from.begun;
    into.ended += from.ended;
    into.relayed += from.relayed;
    into.disorder += from.disorder;
    if (into.first.empty()) into.first = from.first;
  }
};

}  // namespace ledger

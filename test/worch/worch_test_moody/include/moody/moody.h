// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the policy is told to do when it is asked next, and what it has been asked. It is one of both kinds. In every
// mood but the first three its answer cannot be taken.
#pragma once

#include <chimaera/method.h>

#include <cstdint>
#include <string>
#include <vector>

namespace moody {

enum class Mood : std::uint32_t {
  keep,     // every lane where it is; every worker on all CPUs
  shuffle,  // everything anywhere
  gather,   // everything on the first worker, or CPU
  nothing,
  unknown,  // a lane or worker that is not there, besides those that are
  twice,
  nowhere,  // one of them is to go to a worker or CPU that is not there
  fails,
  throws,
  slow,
  loops,
  no_cpus,  // one of the workers gets none
};

struct Set {
  static constexpr chi::Method kMethod{11, "set", chi::Access::write};
  struct Reply {};
  std::uint32_t mood = 0;
};

// A question, and the view that came with it.
struct Question {
  std::string kind;
  std::string reason;
  std::uint32_t workers = 0;
  std::uint32_t lanes = 0;
  std::uint32_t cpus = 0;
};
struct Asked {
  static constexpr chi::Method kMethod{12, "asked", chi::Access::read};
  struct Reply {
    std::vector<Question> questions;  // the latest ones, the last one last
  };
};

}  // namespace moody

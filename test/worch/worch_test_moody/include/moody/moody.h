// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the policy is told to do when it is asked next. In every mood but the first three its answer cannot be taken.
#pragma once

#include <chimaera/method.h>

#include <cstdint>
#include <string>

namespace moody {

enum class Mood : std::uint32_t {
  keep,     // everything where it is
  shuffle,  // everything anywhere
  gather,   // everything on the first worker
  nothing,
  unknown_lane,
  twice,
  no_worker,
  fails,
  throws,
  slow,
  loops,
};

struct Set {
  static constexpr chi::Method kMethod{11, "set", chi::Access::write};
  struct Reply {};
  std::uint32_t mood = 0;
};

}  // namespace moody

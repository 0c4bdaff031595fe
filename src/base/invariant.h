// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What must hold in every build, releases among them: counts that a fault of this program's own would ruin in silence.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace chi {

// Ends the program where `holds` is false, and says what did not hold. Never for what others say: that is an error.
inline void invariant(bool holds, const char* what) noexcept {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "chimaera: a fault of the program's own: %s\n", what);
  std::abort();
}

}  // namespace chi

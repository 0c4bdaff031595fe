// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements link_probe_program.h: the build has made the program before.
#include "runtime/link_probe_program.h"

// clang-format off
__asm__(
    ".pushsection .rodata\n"
    ".global chi_link_probe_begin\n.hidden chi_link_probe_begin\n"
    ".global chi_link_probe_end\n.hidden chi_link_probe_end\n"
    "chi_link_probe_begin:\n"
    ".incbin \"" CHI_LINK_PROBE "\"\n"
    "chi_link_probe_end:\n"
    ".byte 0\n"
    ".popsection\n");
// clang-format on

extern "C" const char chi_link_probe_begin[];
extern "C" const char chi_link_probe_end[];

namespace chi::runtime {

std::string_view link_probe_program() noexcept {
  return {chi_link_probe_begin, static_cast<std::size_t>(chi_link_probe_end - chi_link_probe_begin)};
}

}  // namespace chi::runtime

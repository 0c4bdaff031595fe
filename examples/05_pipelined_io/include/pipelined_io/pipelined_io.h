// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A file's bytes, added up where the file is.
#pragma once

#include <chimaera/method.h>

#include <cstdint>
#include <string>

namespace pipelined_io {

struct SumReply {
  std::uint64_t sum = 0;
  std::uint64_t bytes = 0;
};
struct Sum {
  static constexpr chi::Method kMethod{1, "sum", chi::Access::read};
  using Reply = SumReply;
  std::string path;
};

}  // namespace pipelined_io

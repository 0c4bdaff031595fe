// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The text that names a backend: "delay:100:file:/data/disk". A plain value.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bdev {

struct LayerSpec {
  enum class Kind { delay, error, short_transfer };
  Kind kind = Kind::delay;
  std::uint64_t number = 0;  // microseconds, or of the operation
  bool lasting = false;      // of error: all operations from there on
};

struct BackendSpec {
  enum class Kind { ram, file, block };
  std::string text;
  std::vector<LayerSpec> layers;  // the outermost first
  Kind kind = Kind::ram;
  std::string path;
  std::uint64_t size = 0;  // 0: not given
};

// invalid_argument says which part is wrong, and what may stand there. "{index}" becomes `index`.
chi::Result<BackendSpec> parse_backend(std::string_view text, std::uint32_t index);

}  // namespace bdev

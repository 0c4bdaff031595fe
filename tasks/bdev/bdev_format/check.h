// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Whether what is on a device is a consistent volume. Changes nothing.
#pragma once

#include <bdev/stat.h>
#include <chimaera/result.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace bdev {

// All of a volume but its data.
struct Image {
  std::vector<std::uint8_t> first;   // header
  std::vector<std::uint8_t> second;  // header; empty: the device ends before it
  std::array<std::vector<std::uint8_t>, 2> slots;
};

// What is wrong with it, and what will be mended when it is opened.
CheckReport examine(const std::string& name, const Image& image);

// Of a file or device that no daemon has open: failed_precondition when one has, not_found when there is none. A file
// that is no volume is a report with that problem.
chi::Result<CheckReport> check_file(const std::string& path);

}  // namespace bdev

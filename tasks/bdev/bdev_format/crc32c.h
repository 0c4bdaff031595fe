// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// CRC-32C (Castagnoli), by the processor's instruction where it has one. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace bdev {

std::uint32_t crc32c(std::span<const std::uint8_t> bytes) noexcept;

// Without the instruction: what it must agree with.
std::uint32_t crc32c_by_table(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace bdev

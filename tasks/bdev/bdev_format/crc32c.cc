// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One instruction for 8 bytes, three streams of them at a time, for each waits three cycles for its own result; the
// streams are joined by a table of what so many zero bytes do to a checksum.
#include "bdev_format/crc32c.h"

#include <nmmintrin.h>

#include <array>
#include <cstring>

namespace bdev {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected
constexpr std::size_t kStream = 1360;              // three of them are all but 16 bytes of a block of 4096

constexpr std::array<std::uint32_t, 256> make_bytes() {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? kPolynomial : 0);
    out[i] = value;
  }
  return out;
}
constexpr auto kBytes = make_bytes();

// shifts[k][b]: what byte k of a checksum, when it is b, becomes behind kStream zero bytes. Linear: from single bits.
using Shifts = std::array<std::array<std::uint32_t, 256>, 4>;
Shifts make_shifts() {
  Shifts out{};
  for (unsigned bit = 0; bit < 32; ++bit) {
    std::uint32_t value = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < kStream; ++i) value = (value >> 8) ^ kBytes[value & 0xff];
    for (unsigned b = 0; b < 256; ++b) {
      if (b >> (bit % 8) & 1) out[bit / 8][b] ^= value;
    }
  }
  return out;
}

std::uint32_t shifted(const Shifts& shifts, std::uint32_t crc) noexcept {
  return shifts[0][crc & 0xff] ^ shifts[1][crc >> 8 & 0xff] ^ shifts[2][crc >> 16 & 0xff] ^ shifts[3][crc >> 24];
}

std::uint64_t word_at(const std::uint8_t* at) noexcept {
  std::uint64_t out = 0;
  std::memcpy(&out, at, sizeof out);
  return out;
}

__attribute__((target("sse4.2"))) std::uint32_t by_instruction(const std::uint8_t* at, std::size_t size) noexcept {
  static const Shifts kShifts = make_shifts();
  std::uint64_t crc = 0xffffffff;
  for (; size >= 3 * kStream; at += 3 * kStream, size -= 3 * kStream) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kStream; i += 8) {
      crc = _mm_crc32_u64(crc, word_at(at + i));
      second = _mm_crc32_u64(second, word_at(at + kStream + i));
      third = _mm_crc32_u64(third, word_at(at + 2 * kStream + i));
    }
    crc = shifted(kShifts, static_cast<std::uint32_t>(crc)) ^ second;
    crc = shifted(kShifts, static_cast<std::uint32_t>(crc)) ^ third;
  }
  for (; size >= 8; at += 8, size -= 8) crc = _mm_crc32_u64(crc, word_at(at));
  for (; size > 0; ++at, --size) crc = _mm_crc32_u8(static_cast<std::uint32_t>(crc), *at);
  return ~static_cast<std::uint32_t>(crc);
}

}  // namespace

std::uint32_t crc32c_by_table(std::span<const std::uint8_t> bytes) noexcept {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ kBytes[(crc ^ byte) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(std::span<const std::uint8_t> bytes) noexcept {
  static const bool kHasInstruction = __builtin_cpu_supports("sse4.2");
  return kHasInstruction ? by_instruction(bytes.data(), bytes.size()) : crc32c_by_table(bytes);
}

}  // namespace bdev

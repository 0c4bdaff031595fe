// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which part of a volume lies in which container: chunk by chunk, in turn. A plain value.
#pragma once

#include <algorithm>
#include <cstdint>

namespace bdev {

struct Stripe {
  std::uint32_t members = 1;
  std::uint64_t chunk = 0;        // 0: of one container
  std::uint64_t member_size = 0;  // bytes of each

  std::uint64_t size() const noexcept { return member_size * members; }

  std::uint32_t member_of(std::uint64_t offset) const noexcept {
    return chunk == 0 ? 0 : static_cast<std::uint32_t>(offset / chunk % members);
  }

  // Bytes of a member in front of an offset of the volume; its own offset, where that lies in it.
  std::uint64_t local(std::uint32_t member, std::uint64_t offset) const noexcept {
    if (chunk == 0) return offset;
    const std::uint64_t turn = chunk * members;
    const std::uint64_t begin = chunk * member;
    const std::uint64_t rest = offset % turn;
    return offset / turn * chunk + (rest > begin ? std::min(rest - begin, chunk) : 0);
  }

  // How many bytes from an offset on lie in one piece, at most `size`.
  std::uint64_t piece(std::uint64_t offset, std::uint64_t size) const noexcept {
    return chunk == 0 ? size : std::min(size, chunk - offset % chunk);
  }
};

}  // namespace bdev

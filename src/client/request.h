// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A call on its way into a request slot, between the parts of Stream that prepare and write it.
#pragma once

#include <chimaera/bytes.h>

#include <cstdint>
#include <vector>

#include "client/stream.h"

namespace chi::client {

struct Stream::Request {
  std::uint64_t pool = 0;
  std::uint16_t method = 0;
  std::uint16_t payload = 0;
  std::uint8_t flags = 0;
  QueryKind query = QueryKind::any;
  std::uint8_t buffers = 0;
  std::uint32_t tick = 0;
  std::uint32_t target = 0;
  std::uint32_t target_extra = 0;
  std::uint8_t moves = 0;
  std::uint32_t channel = 0;
  std::uint64_t deadline_ns = 0;
  std::uint32_t period_us = 0;
  bool forget = false;
  bool repeats = false;

  const std::uint8_t* bytes = nullptr;  // inline: payload and descriptors
  std::uint32_t size = 0;

  std::uint32_t slots() const noexcept { return shm::slots_for<shm::RequestSlot>(size); }
};

// References that become the entry's once the request is on its way.
struct Stream::Held {
  std::vector<chi_block*> blocks;

  void add(chi_block* block) { blocks.push_back(block); }
  ~Held() {
    for (chi_block* block : blocks) detail::block_release(block);
  }
};

}  // namespace chi::client

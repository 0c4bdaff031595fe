// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Whole transfers over a backend that may transfer less than it was asked to, at most so many at a time.
#pragma once

#include <chimaera/semaphore.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "backend.h"

namespace bdev {

class Transfers {
 public:
  Transfers(Backend& backend, std::uint32_t depth) : backend_(backend), free_(depth), depth_(depth) {}

  // All of `memory`, or an error: data_loss where the device ends before, or gives up. `at`: of the device.
  chi::Task<chi::Status> read(chi::Buffer memory, std::uint64_t at) { return move(std::move(memory), at, true); }
  chi::Task<chi::Status> write(chi::Buffer memory, std::uint64_t at) { return move(std::move(memory), at, false); }
  // The same where a place is free and the backend needs no coroutine: on its way, to be awaited, and what came of it
  // to be judged by ended(), which gives nothing where it was short: then the rest is to be asked for as above, with
  // the place given back. Nothing: use the above.
  struct Started {
    chi::Units place;
    chi::Io::Pending moved;
  };
  std::optional<Started> start(const chi::Buffer& memory, std::uint64_t at, bool read);
  std::optional<chi::Status> ended(chi::Result<std::size_t>& moved, const Range& at, bool read) const;

  chi::Task<chi::Status> zero(Range at, bool release);
  chi::Task<chi::Status> sync();

  std::uint32_t in_flight() const noexcept { return depth_ - static_cast<std::uint32_t>(free_.available()); }

 private:
  chi::Task<chi::Status> move(chi::Buffer memory, std::uint64_t at, bool read);
  chi::Task<chi::Status> write_zeros(Range at);

  Backend& backend_;
  chi::Semaphore free_;
  std::uint32_t depth_;
};

}  // namespace bdev

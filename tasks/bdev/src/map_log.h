// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Makes changes of the allocation map durable, each as a whole new map in the slot that counts less. Changes that come
// while one is written are made durable together by the next.
#pragma once

#include <chimaera/mutex.h>

#include <cstdint>
#include <functional>

#include "bdev_format/header.h"
#include "bdev_format/map_slot.h"
#include "transfer.h"

namespace bdev {

class MapLog {
 public:
  MapLog(Transfers& transfers, const Header& header, const AllocationMap& map, std::uint64_t generation)
      : transfers_(transfers), header_(header), map_(map), generation_(generation) {}

  // To be called, and awaited, after a change. When it fails, `undo` was called, before any other change is written.
  chi::Task<chi::Status> commit(std::function<void()> undo);

  std::uint64_t generation() const noexcept { return generation_; }

 private:
  chi::Task<chi::Status> write_slot();

  Transfers& transfers_;
  const Header& header_;
  const AllocationMap& map_;
  std::uint64_t generation_;
  std::uint64_t changes_ = 0;
  std::uint64_t durable_ = 0;
  chi::CoMutex writing_;
};

}  // namespace bdev

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A checksum of each block, which tells whether the bytes that a device gives are those that were written. In memory,
// and durable with each flush. Which regions have data that is newer than their checksums is noted on the device before
// the data is written: after a crash the checksums of those are computed anew, and no block is called damaged that only
// was on its way. Belongs to one lane.
#pragma once

#include <chimaera/mutex.h>
#include <chimaera/task.h>

#include <cstdint>
#include <vector>

#include "backend.h"
#include "bdev_format/header.h"
#include "transfer.h"

namespace bdev {

class Checksums {
 public:
  Checksums(const Header& header, Transfers& transfers, bool persistent);

  // Blocks: reads them, and computes anew what a crash has left behind.
  chi::Status load(Backend& backend);

  // Around each change of whole blocks. `data`: what they are now; null: nobody knows, for the change failed.
  chi::Task<chi::Status> begin_write(Range range);
  void end_write(Range range, const std::uint8_t* data);
  void end_zero(Range range, bool done);

  // data_loss, naming the first block that is not what it was.
  chi::Status verify(Range range, const std::uint8_t* data) const;

  // Makes data and checksums durable.
  chi::Task<chi::Status> flush();

  // Blocks: the same at the end, when nothing is under way, and no region counts as being written any more. What fails
  // is found, and computed anew, when the volume is opened again.
  void close(Backend& backend);

 private:
  struct Region {
    std::uint32_t writing = 0;  // changes under way
    bool noted = false;         // durably, on the device: its checksums may be older than its data
    bool changed = false;       // since the last flush began
    bool flushing = false;      // and what the one under way has to make durable
    bool unsure = false;        // a change failed: what is in its blocks now, only opening finds out

    bool is_behind() const noexcept { return writing != 0 || changed || flushing || unsure; }
  };

  void set(Range range, const std::uint8_t* data);
  void end(Range range, bool known);
  std::uint32_t sum(const std::uint8_t* block) const noexcept;
  chi::Status read_intents(Backend& backend, std::vector<bool>& noted) const;
  chi::Status recompute(Backend& backend, std::uint64_t region);
  std::vector<std::uint8_t> intent_page(std::uint64_t page);
  chi::Task<chi::Status> note(std::uint64_t page);
  chi::Task<chi::Status> write_sums();

  const Header& header_;
  Transfers& transfers_;
  bool persistent_;
  bool loaded_ = false;
  std::uint64_t block_;
  std::uint32_t zero_sum_;
  std::vector<std::uint32_t> sums_;  // of each block, such that 0 is a block of zeros
  std::vector<bool> dirty_;          // pages of sums_
  std::vector<Region> regions_;
  chi::CoMutex noting_;
  chi::CoMutex flushing_;
};

}  // namespace bdev

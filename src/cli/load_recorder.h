// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Readings of a daemon's lanes as the text of a load (sim/recorded_load.h). No I/O.
//
// What a lane did between two readings is spread evenly over the time between them, as the daemon's clock has it, so
// that readings that come late change no interval's length. Tasks are counted when they end, and what handlers ran
// before that goes with the next task of the lane that ends. Administration and policies are no load: their lanes are
// left out. A lane has a number from its first task on, and a comment says whose it is.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/result.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/recorded_load.h"

namespace chi::cli {

// All texts are put behind `out`.
class LoadRecorder {
 public:
  // From `first` on, `intervals` of so many milliseconds.
  LoadRecorder(const admin::LanesReply& first, std::uint64_t interval_ms, std::uint64_t intervals, std::string& out);

  // The intervals that are over. resource_exhausted: a file can have no more; what is in `out` is whole.
  Status add(const admin::LanesReply& reading, std::string& out);

  // What the last interval has so far, if there is anything, and the end.
  Status end(std::string& out);

  bool whole() const noexcept { return writer_.intervals() >= intervals_; }
  std::uint64_t intervals() const noexcept { return writer_.intervals(); }
  std::uint64_t tasks() const noexcept { return writer_.tasks(); }
  std::uint32_t lanes() const noexcept { return lanes_numbered_; }
  // Intervals without a reading of their own.
  std::uint64_t unread() const noexcept { return unread_; }

 private:
  using LaneId = std::pair<PoolId, std::uint32_t>;
  struct Lane {
    std::uint64_t tasks = 0;  // at the last reading
    std::uint64_t handler_ns = 0;
    std::uint64_t waiting_ns = 0;  // in handlers, for the next task that ends
    std::optional<std::uint32_t> number;
  };
  // Of a lane between two readings; `put` of its tasks are in an interval.
  struct Growth {
    std::uint32_t number = 0;
    std::uint64_t tasks = 0;
    std::uint64_t handler_ns = 0;
    std::uint64_t put = 0;
  };
  struct Span {
    std::uint64_t from_ns = 0;
    std::uint64_t to_ns = 0;
  };

  std::vector<Growth> grow(const admin::LanesReply& reading, std::string& out);
  void put_until(std::uint64_t end_ns, const Span& span, std::vector<Growth>& growths);

  const std::uint64_t first_ns_;
  const std::uint64_t interval_ns_;
  const std::uint64_t intervals_;
  sim::LoadWriter writer_;
  std::map<LaneId, Lane> lanes_;
  std::uint32_t lanes_numbered_ = 0;
  sim::LoadWriter::Interval open_;  // the interval that is not over
  std::uint64_t last_ns_ = 0;       // since first_ns_
  std::uint64_t unread_ = 0;
};

}  // namespace chi::cli

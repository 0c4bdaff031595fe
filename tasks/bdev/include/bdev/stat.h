// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a pool of block devices tells of itself; `chimaera status` shows it, too.
#pragma once

#include <chimaera/method.h>
#include <chimaera/statistics.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace bdev {

using OperationStats = chi::OperationStats;

struct MemberStats {
  std::uint32_t index = 0;  // of the container
  std::uint32_t count = 0;
  std::string backend;
  std::string uuid;
  bool direct = false;      // O_DIRECT
  bool persistent = false;  // survives the daemon
  std::uint32_t block_size = 0;
  bool checksums = false;
  bool disk = false;
  std::uint64_t chunk = 0;  // of a volume of several containers
  std::uint64_t size = 0;
  std::uint64_t free = 0;
  std::uint64_t largest_free = 0;
  std::uint64_t extents = 0;     // allocated
  std::uint64_t generation = 0;  // of the allocation map
  std::uint32_t in_flight = 0;   // operations at the backend
  std::vector<OperationStats> operations;
};

// Of all containers, unless on() says otherwise; in no order.
struct StatReply {
  std::vector<MemberStats> members;
};
struct Stat {
  static constexpr chi::Method kMethod{12, "stat", chi::Access::read};
  static constexpr chi::Route kRoute = chi::Route::all();
  using Reply = StatReply;
  static void merge(StatReply& into, StatReply&& from) {
    into.members.insert(into.members.end(), std::make_move_iterator(from.members.begin()),
                        std::make_move_iterator(from.members.end()));
  }
};

// Whether what is on the device is a consistent volume, and what is in memory the same: see `chimaera bdev check`.
struct CheckReport {
  std::string name;  // of the file, or the container
  std::string uuid;
  std::uint64_t generation = 0;
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;
  std::uint64_t extents = 0;
  std::vector<std::string> problems;  // none: it is good
  std::vector<std::string> notes;     // what was mended, or will be
};
struct CheckReply {
  std::vector<CheckReport> reports;
};
struct Check {
  static constexpr chi::Method kMethod{13, "check", chi::Access::read};
  static constexpr chi::Route kRoute = chi::Route::all();
  using Reply = CheckReply;
  static void merge(CheckReply& into, CheckReply&& from) {
    into.reports.insert(into.reports.end(), std::make_move_iterator(from.reports.begin()),
                        std::make_move_iterator(from.reports.end()));
  }
};

}  // namespace bdev

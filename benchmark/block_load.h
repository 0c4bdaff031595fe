// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Reads or writes of a volume by a program, so many under way: each place takes its own memory, and begins the next one
// as soon as its last one has ended, in whatever order they end.
#pragma once

#include <bdev/bdev.h>
#include <chimaera/client.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "benchmark/statistics.h"
#include "benchmark/timing.h"

namespace chi::bench {

struct BlockPattern {
  std::uint32_t size = 4096;
  unsigned depth = 1;
  bool write = false;
  bool random = false;  // else from the begin to the end, and again
};

// As fio calls it: "randread".
std::string name_of(const BlockPattern& pattern);

// Where the next operation goes: the same places each time.
class BlockOffsets {
 public:
  BlockOffsets(const BlockPattern& pattern, std::uint64_t volume) noexcept
      : size_(pattern.size), blocks_(volume / pattern.size), random_(pattern.random), source_(1) {}

  std::uint64_t next() noexcept { return (random_ ? source_.next() % blocks_ : next_++ % blocks_) * size_; }

 private:
  std::uint64_t size_;
  std::uint64_t blocks_;
  bool random_;
  std::uint64_t next_ = 0;
  SeededRandom source_;
};

// Of one measurement. CPU time is of one operation, in user and kernel mode.
struct BlockFigures {
  double iops = 0;
  double p50_ns = 0, p99_ns = 0;
  double cpu_ns = 0;         // of whoever asks; of fio, all of it
  double daemon_cpu_ns = 0;  // 0 where there is none
};

// Of the thread that makes it.
class BlockLoad {
 public:
  // Memory for `depth` operations. `daemon`: whose CPU time is counted.
  static Result<BlockLoad> make(const Client& client, const Pool& pool, const BlockPattern& pattern,
                                std::uint64_t volume, pid_t daemon);

  // For as long as `slice`, after a tenth of it that does not count. Fails as the first operation that fails.
  Result<BlockFigures> run(nanoseconds slice, Samples& samples);

 private:
  BlockLoad(const Client& client, const Pool& pool, const BlockPattern& pattern, std::uint64_t volume, pid_t daemon)
      : client_(client), pool_(pool), pattern_(pattern), offsets_(pattern, volume), daemon_(daemon) {}

  Task<Status> all();
  template <class Request>
  Task<Status> one_place(Request request);
  Status run_for(nanoseconds time, Samples& samples);

  Client client_;
  Pool pool_;
  BlockPattern pattern_;
  BlockOffsets offsets_;
  pid_t daemon_;
  std::vector<Buffer> memory_;
  Samples* samples_ = nullptr;
  std::uint64_t end_ns_ = 0;
  std::uint64_t done_ = 0;
};

}  // namespace chi::bench

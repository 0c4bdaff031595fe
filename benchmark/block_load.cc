// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A coroutine for each place; the clock is read once for each operation.
#include "benchmark/block_load.h"

#include <chimaera/when_all.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "benchmark/process_cpu.h"

namespace chi::bench {
namespace {

struct CpuReading {
  std::uint64_t client = 0, daemon = 0;
};

Result<CpuReading> read_cpu(pid_t daemon) {
  const Result<std::uint64_t> own = process_cpu_ns(::getpid());
  if (!own.ok()) return own.error();
  const Result<std::uint64_t> other = process_cpu_ns(daemon);
  if (!other.ok()) return other.error();
  return CpuReading{*own, *other};
}

}  // namespace

std::string name_of(const BlockPattern& pattern) {
  return std::string(pattern.random ? "rand" : "") + (pattern.write ? "write" : "read");
}

Result<BlockLoad> BlockLoad::make(const Client& client, const Pool& pool, const BlockPattern& pattern,
                                  std::uint64_t volume, pid_t daemon) {
  BlockLoad out(client, pool, pattern, volume, daemon);
  for (unsigned i = 0; i < pattern.depth; ++i) {
    Result<Buffer> memory = client.allocate_buffer(pattern.size);
    if (!memory.ok()) return std::move(memory).error();
    std::fill_n(memory->data(), memory->size(), static_cast<std::uint8_t>(i + 1));
    out.memory_.push_back(*std::move(memory));
  }
  return out;
}

template <class Request>
Task<Status> BlockLoad::one_place(Request request) {
  std::uint64_t begin = now_ns();
  while (begin < end_ns_) {
    request.offset = offsets_.next();
    auto call = pool_.send(request);
    auto reply = co_await call;
    if (!reply.ok()) {
      end_ns_ = 0;  // the others end, too
      co_return std::move(reply).error();
    }
    const std::uint64_t now = now_ns();
    if (!samples_->full()) samples_->add(now - begin);
    ++done_;
    begin = now;
  }
  co_return Status();
}

Task<Status> BlockLoad::all() {
  std::vector<Task<Status>> places;
  places.reserve(memory_.size());
  for (const Buffer& memory : memory_) {
    places.push_back(pattern_.write ? one_place(bdev::Write{0, Bytes::from(memory)})
                                    : one_place(bdev::ReadInto{0, memory}));
  }
  auto ends = co_await when_all(std::move(places));
  for (Status& end : ends) {
    if (!end.ok()) co_return std::move(end);
  }
  co_return Status();
}

Status BlockLoad::run_for(nanoseconds time, Samples& samples) {
  samples.clear();
  samples_ = &samples;
  done_ = 0;
  end_ns_ = now_ns() + static_cast<std::uint64_t>(time.count());
  return client_.run([this] { return all(); });
}

Result<BlockFigures> BlockLoad::run(nanoseconds slice, Samples& samples) {
  Status warm = run_for(slice / 10, samples);
  if (!warm.ok()) return std::move(warm).error();
  const Result<CpuReading> before = read_cpu(daemon_);
  const std::uint64_t begin = now_ns();
  Status done = run_for(slice, samples);
  const std::uint64_t end = now_ns();
  const Result<CpuReading> after = read_cpu(daemon_);
  if (!done.ok()) return std::move(done).error();
  if (!before.ok()) return before.error();
  if (!after.ok()) return after.error();
  const auto count = static_cast<double>(done_);
  BlockFigures out;
  out.iops = ratio(count * 1e9, static_cast<double>(end - begin));
  out.p50_ns = samples.percentile(0.5);
  out.p99_ns = samples.percentile(0.99);
  out.cpu_ns = ratio(static_cast<double>(after->client - before->client), count);
  out.daemon_cpu_ns = ratio(static_cast<double>(after->daemon - before->daemon), count);
  return out;
}

}  // namespace chi::bench

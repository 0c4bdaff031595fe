// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements open_loop.h.
#include "benchmark/open_loop.h"

#include <algorithm>
#include <thread>

#include "benchmark/timing.h"
#include "benchmark/workload.h"
#include "small_message/small_message.h"

namespace chi::bench {
namespace {

constexpr std::size_t kMostSamples = 1'000'000;
constexpr std::uint64_t kCallsBetweenInterrupts = 64;

}  // namespace

OpenLoop::OpenLoop(const Client& client, const Pool& pool, std::uint32_t containers)
    : client_(client), all_(kMostSamples), small_(kMostSamples) {
  lanes_.reserve(containers);
  for (std::uint32_t i = 0; i < containers; ++i) lanes_.push_back(pool.on(container(i)));
}

double OpenLoop::ops_per_s() const noexcept {
  return ratio(static_cast<double>(answered_) * 1e9, static_cast<double>(end_ns_ - warm_ns_));
}

Task<void> OpenLoop::time_one(Arrival arrival) {
  ++under_way_;
  const Pool& lane = lanes_[arrival.container];
  auto reply = co_await lane.call<small_message::Spin>(arrival.work_us);
  const std::uint64_t now = now_ns() - begin_ns_;
  --under_way_;
  if (!failure_.check(reply)) co_return;
  if (now >= warm_ns_ && now < end_ns_) ++answered_;
  if (arrival.due_ns < warm_ns_ || all_.full()) co_return;
  all_.add(now - arrival.due_ns);
  if (arrival.work_us < longest_us_) small_.add(now - arrival.due_ns);
}

void OpenLoop::wait(std::uint64_t until_ns) {
  const std::uint64_t now = now_ns();
  const std::chrono::nanoseconds left(until_ns > now ? until_ns - now : 0);
  if (under_way_ != 0) {
    client_.poll_for(left);
  } else {
    std::this_thread::sleep_for(left);
  }
}

Status OpenLoop::run(const std::vector<Arrival>& arrivals, std::chrono::nanoseconds warm_up,
                     std::chrono::nanoseconds length) {
  all_.clear();
  small_.clear();
  answered_ = 0;
  warm_ns_ = static_cast<std::uint64_t>(warm_up.count());
  end_ns_ = static_cast<std::uint64_t>(length.count());
  longest_us_ = 0;
  for (const Arrival& each : arrivals) longest_us_ = std::max(longest_us_, each.work_us);
  begin_ns_ = now_ns();
  Status goes_on;
  std::uint64_t made = 0;
  for (const Arrival& arrival : arrivals) {
    while (now_ns() < begin_ns_ + arrival.due_ns) wait(begin_ns_ + arrival.due_ns);
    if (made++ % kCallsBetweenInterrupts == 0) goes_on = check_interrupt();
    if (!goes_on.ok() || !failure_.status().ok()) break;
    time_one(arrival).detach();
    client_.poll();
  }
  while (under_way_ != 0) client_.poll_for(std::chrono::seconds(1));
  return failure_.status().ok() ? goes_on : failure_.status();
}

}  // namespace chi::bench

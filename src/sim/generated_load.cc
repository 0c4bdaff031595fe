// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One stream of tasks for all lanes; whose each one is, is drawn from a table (Walker's alias method), so that a task
// costs as much with 10,000 lanes as with ten.
#include "sim/generated_load.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"

namespace chi::sim {

namespace {

constexpr double kShortNs = 200e3;
constexpr double kLongNs = 5e6;
constexpr std::uint32_t kLongOneIn = 50;
constexpr double kMostOfAWorker = 0.5;
constexpr std::uint64_t kShiftNs = 1'000'000'000;
constexpr std::uint32_t kShiftOneIn = 5;

class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) noexcept : random_(seed) {}
  double unit() noexcept { return static_cast<double>(random_.next() >> 11) * 0x1p-53; }  // [0, 1)
  double exponential(double mean) noexcept { return -mean * std::log1p(-unit()); }
  std::size_t below(std::size_t count) noexcept {
    return std::min(static_cast<std::size_t>(unit() * static_cast<double>(count)), count - 1);
  }

 private:
  SeededRandom random_;
};

// Draws i with a probability in proportion to weights[i].
class AliasTable {
 public:
  explicit AliasTable(const std::vector<double>& weights) : chance_(weights.size()), other_(weights.size()) {
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<std::size_t> poor;
    std::vector<std::size_t> rich;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      chance_[i] = weights[i] * static_cast<double>(weights.size()) / sum;
      other_[i] = i;
      (chance_[i] < 1 ? poor : rich).push_back(i);
    }
    while (!poor.empty() && !rich.empty()) {
      const std::size_t i = poor.back();
      const std::size_t giver = rich.back();
      poor.pop_back();
      other_[i] = giver;
      chance_[giver] -= 1 - chance_[i];
      if (chance_[giver] >= 1) continue;
      rich.pop_back();
      poor.push_back(giver);
    }
    for (const std::size_t i : poor) chance_[i] = 1;
  }

  std::size_t draw(Numbers& numbers) const noexcept {
    const std::size_t i = numbers.below(chance_.size());
    return numbers.unit() < chance_[i] ? i : other_[i];
  }

 private:
  std::vector<double> chance_;
  std::vector<std::size_t> other_;
};

// Makes them add up to `total`, none above `most`, the others in proportion.
void share_out(std::vector<double>& loads, double total, double most) {
  for (int round = 0; round < 50; ++round) {
    double free = 0;
    double full = 0;
    for (const double load : loads) (load >= most ? full : free) += std::min(load, most);
    if (free <= 0) break;
    const double factor = (total - full) / free;
    for (double& load : loads) load = load >= most ? most : load * factor;
    if (std::abs(factor - 1) < 1e-9) break;
  }
  for (double& load : loads) load = std::min(load, most);
}

class Generated final : public Load {
 public:
  explicit Generated(const LoadOptions& options)
      : options_(options), numbers_(options.seed), end_ns_(static_cast<double>(options.seconds) * 1e9) {
    const auto count = static_cast<double>(options.lanes);
    const double total = options.utilization * options.workers;
    work_.assign(options.lanes, total / count);
    service_ns_.assign(options.lanes, kShortNs);
    if (options.kind != LoadKind::uniform) {
      for (std::size_t i = 0; i < work_.size(); ++i) work_[i] = 1 / static_cast<double>(i + 1);
      share_out(work_, total, std::max(kMostOfAWorker, total / count));
      for (std::size_t i = 0; i < work_.size(); i += kLongOneIn) service_ns_[i] = kLongNs;
      shuffle(work_);
      shuffle(service_ns_);
    }
    next_shift_ns_ = options.kind == LoadKind::shifting ? static_cast<double>(kShiftNs) : end_ns_;
    tabulate();
  }

  std::uint32_t lanes() const noexcept override { return options_.lanes; }

  bool next(Arrival& out) override {
    at_ns_ += numbers_.exponential(gap_ns_);
    while (at_ns_ >= next_shift_ns_ && at_ns_ < end_ns_) shift();
    if (at_ns_ >= end_ns_) return false;
    const std::size_t lane = table_.draw(numbers_);
    const double service = std::max(1.0, numbers_.exponential(service_ns_[lane]));
    out = {static_cast<std::uint64_t>(at_ns_), static_cast<std::uint32_t>(lane), static_cast<std::uint64_t>(service)};
    return true;
  }

 private:
  void shuffle(std::vector<double>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[numbers_.below(i)]);
  }

  void shift() {
    next_shift_ns_ += static_cast<double>(kShiftNs);
    for (std::size_t i = 0; i < std::max<std::size_t>(1, work_.size() / (2 * kShiftOneIn)); ++i) {
      std::swap(work_[numbers_.below(work_.size())], work_[numbers_.below(work_.size())]);
    }
    tabulate();
  }

  void tabulate() {
    std::vector<double> rates(work_.size());  // tasks in a nanosecond
    for (std::size_t i = 0; i < rates.size(); ++i) rates[i] = work_[i] / service_ns_[i];
    gap_ns_ = 1 / std::accumulate(rates.begin(), rates.end(), 0.0);
    table_ = AliasTable(rates);
  }

  const LoadOptions options_;
  Numbers numbers_;
  const double end_ns_;
  std::vector<double> work_;  // of each lane, as a share of a worker's time
  std::vector<double> service_ns_;
  AliasTable table_{{1.0}};
  double gap_ns_ = 0;
  double at_ns_ = 0;
  double next_shift_ns_ = 0;
};

}  // namespace

Result<LoadKind> parse_load_kind(std::string_view name) {
  if (name == "uniform") return LoadKind::uniform;
  if (name == "skewed") return LoadKind::skewed;
  if (name == "shifting") return LoadKind::shifting;
  return Error{Code::invalid_argument, "'" + std::string(name) + "' is no load; uniform, skewed and shifting are", {}};
}

std::unique_ptr<Load> generate_load(const LoadOptions& options) { return std::make_unique<Generated>(options); }

}  // namespace chi::sim

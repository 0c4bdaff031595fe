// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Samples into sums.
#include "runtime/method_load.h"

#include <cmath>
#include <utility>

namespace chi::runtime {
namespace {

constexpr std::uint64_t kEnough = 2;  // a single task may just have lost the CPU

void merge(CostModel::Class& into, const CostModel::Class& from) noexcept {
  if (from.count == 0) return;
  const auto count = static_cast<double>(into.count + from.count);
  into.mean_ns += (from.mean_ns - into.mean_ns) * static_cast<double>(from.count) / count;
  into.count += from.count;
}

}  // namespace

MethodLoad::MethodLoad(std::string module, std::uint32_t id, std::string name, bool declared_long)
    : module_(std::move(module)), id_(id), name_(std::move(name)), declared_long_(declared_long) {
  if (declared_long) sampler_.measure_always();
}

bool MethodLoad::long_running() const noexcept {
  if (declared_long_) return true;
  const CostModel::Class whole = model_.whole();
  return whole.count >= kEnough && whole.mean_ns > static_cast<double>(kLongNs);
}

void MethodLoad::add(const TaskSample& sample) noexcept {
  sampler_.took(sample.handler_ns);
  model_.learn(sample.request_bytes, sample.handler_ns);
  add_to(handler_ns_, sample.handler_ns * sample.weight);
  add_to(latency_ns_, sample.latency_ns * sample.weight);
  const auto bucket = std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(sample.latency_ns)), kBuckets - 1);
  add_to(histogram_[bucket], std::uint64_t{sample.weight});
  if (sample.predicted_ns <= 0) return;
  const double actual = static_cast<double>(std::max<std::uint64_t>(sample.handler_ns, 1));
  add_to(predicted_, std::uint64_t{1});
  add_to(predicted_ns_, static_cast<std::uint64_t>(sample.predicted_ns));
  add_to(actual_ns_, sample.handler_ns);
  add_to(error_, std::abs(sample.predicted_ns - actual) / actual);
}

void MethodLoad::add_to_sums(Sums& sums) const noexcept {
  sums.tasks += sampler_.count();
  sums.failed += value_of(failed_);
  sums.bytes += value_of(bytes_);
  sums.handler_ns += value_of(handler_ns_);
  sums.latency_ns += value_of(latency_ns_);
  sums.predicted += value_of(predicted_);
  sums.predicted_ns += value_of(predicted_ns_);
  sums.actual_ns += value_of(actual_ns_);
  sums.error += value_of(error_);
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const std::uint64_t number = value_of(histogram_[i]);
    sums.histogram[i] += number;
    sums.measured += number;
  }
  for (unsigned i = 0; i < CostModel::kClasses; ++i) merge(sums.classes[i], model_.at(i));
  sums.long_running |= long_running();
}

}  // namespace chi::runtime

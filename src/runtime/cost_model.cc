// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Learning and predicting.
#include "runtime/cost_model.h"

namespace chi::runtime {
namespace {

double middle_of(unsigned size_class) noexcept {
  return size_class == 0 ? 0 : 0.75 * static_cast<double>(std::uint64_t{1} << size_class);
}

}  // namespace

void CostModel::Mean::learn(double ns) noexcept {
  const std::uint64_t number = value_of(count) + 1;
  count.store(number, std::memory_order_relaxed);
  const double mean = value_of(mean_ns);
  mean_ns.store(mean + (ns - mean) / static_cast<double>(std::min(number, kMemory)), std::memory_order_relaxed);
}

void CostModel::learn(std::uint64_t bytes, std::uint64_t ns) noexcept {
  const unsigned at = class_of(bytes);
  all_.learn(static_cast<double>(ns));
  classes_[at].learn(static_cast<double>(ns));
  known_.store(value_of(known_) | std::uint64_t{1} << at, std::memory_order_relaxed);
}

double CostModel::predict(std::uint64_t bytes) const noexcept {
  const std::uint64_t known = value_of(known_);
  if (known == 0) return 0;
  const auto size = static_cast<double>(bytes);
  const unsigned own = class_of(bytes);
  // The classes whose middles are at or below this size, and those above it.
  const std::uint64_t upto = (std::uint64_t{2} << own) - 1;
  const std::uint64_t below = known & (middle_of(own) <= size ? upto : upto >> 1);
  const std::uint64_t above = known & ~below;
  if (below == 0) return classes_[static_cast<unsigned>(std::countr_zero(above))].read().mean_ns;
  const unsigned low = static_cast<unsigned>(std::bit_width(below)) - 1;
  const double at_low = classes_[low].read().mean_ns;
  if (above == 0) return at_low;
  const auto high = static_cast<unsigned>(std::countr_zero(above));
  const double share = (size - middle_of(low)) / (middle_of(high) - middle_of(low));
  return at_low + (classes_[high].read().mean_ns - at_low) * share;
}

}  // namespace chi::runtime

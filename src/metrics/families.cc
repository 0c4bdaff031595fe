// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements families.h.
#include "metrics/families.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace chi::metrics {
namespace {

constexpr std::size_t kFirstBound = 10;  // 2^10 ns
constexpr std::size_t kLastBound = 34;

// One byte that is not ASCII could make the whole page unreadable, and what a module calls itself is its author's.
std::string plain(const std::string& text) {
  std::string out = text;
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return out;
}

}  // namespace

Families& Families::begin(std::string name, std::string help, prometheus::MetricType type) {
  next_ = {std::move(name), std::move(help), type, {}};
  return *this;
}

prometheus::ClientMetric& Families::sample(Labels labels) {
  if (!next_.name.empty()) families_.push_back(std::exchange(next_, {}));
  for (auto& label : labels) label.value = plain(label.value);
  auto& metrics = families_.back().metric;
  metrics.emplace_back();
  metrics.back().label = std::move(labels);
  return metrics.back();
}

Families& Families::add(double value, Labels labels) {
  auto& metric = sample(std::move(labels));
  (families_.back().type == kCounter ? metric.counter.value : metric.gauge.value) = value;
  return *this;
}

Families& Families::add(std::span<const std::uint64_t> counts, std::uint64_t sum_ns, Labels labels) {
  prometheus::ClientMetric::Histogram& histogram = sample(std::move(labels)).histogram;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    if (i >= kFirstBound && i <= kLastBound) histogram.bucket.push_back({below, seconds(std::uint64_t{1} << i)});
  }
  histogram.sample_count = below;
  histogram.sample_sum = seconds(sum_ns);
  return *this;
}

std::string to_text(const std::vector<prometheus::MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace chi::metrics

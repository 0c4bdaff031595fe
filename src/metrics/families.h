// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Puts numbers into the families of metrics that Prometheus knows, by its conventions: base units, a help text for
// each, cumulative buckets.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace chi::metrics {

using Labels = std::vector<prometheus::ClientMetric::Label>;

// Belongs to one thread.
class Families {
 public:
  // Begins a family, which what follows is added to. A family to which nothing is added is left out. The name of a
  // counter ends in "_total".
  Families& counter(std::string name, std::string help) { return begin(std::move(name), std::move(help), kCounter); }
  Families& gauge(std::string name, std::string help) { return begin(std::move(name), std::move(help), kGauge); }
  Families& histogram(std::string name, std::string help) {
    return begin(std::move(name), std::move(help), prometheus::MetricType::Histogram);
  }

  Families& add(double value, Labels labels = {});
  Families& add(std::uint64_t value, Labels labels = {}) { return add(static_cast<double>(value), std::move(labels)); }

  // To a histogram: `counts` is as chimaera/statistics.h has it, by powers of two of nanoseconds. Told in seconds, in
  // buckets from about a microsecond to 17 s: a series for each, so not too many.
  Families& add(std::span<const std::uint64_t> counts, std::uint64_t sum_ns, Labels labels = {});

  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

 private:
  static constexpr auto kCounter = prometheus::MetricType::Counter;
  static constexpr auto kGauge = prometheus::MetricType::Gauge;

  Families& begin(std::string name, std::string help, prometheus::MetricType type);
  prometheus::ClientMetric& sample(Labels labels);

  std::vector<prometheus::MetricFamily> families_;
  prometheus::MetricFamily next_;  // begun, and nothing added yet
};

inline double seconds(std::uint64_t ns) noexcept { return static_cast<double>(ns) / 1e9; }

// In Prometheus' text format.
std::string to_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace chi::metrics

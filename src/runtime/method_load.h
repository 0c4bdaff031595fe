// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What one worker has measured of one method of a module.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "runtime/cost_model.h"
#include "runtime/sampler.h"

namespace chi::runtime {

// One measured task, once it is over.
struct TaskSample {
  std::uint32_t weight = 1;  // how many tasks it stands for
  std::uint64_t request_bytes = 0;
  std::uint64_t handler_ns = 0;  // all its steps
  std::uint64_t latency_ns = 0;  // from its admission
  double predicted_ns = 0;       // before it began; 0: nothing was known
};

// Written by the thread that has the worker; read by any.
class MethodLoad {
 public:
  static constexpr std::uint64_t kLongNs = 1'000'000;  // what takes longer is long-running
  static constexpr std::size_t kBuckets = 48;          // of the histogram, as chimaera/statistics.h has it

  MethodLoad(std::string module, std::uint32_t id, std::string name, bool declared_long);

  const std::string& module() const noexcept { return module_; }
  std::uint32_t id() const noexcept { return id_; }
  const std::string& name() const noexcept { return name_; }

  Sampler& sampler() noexcept { return sampler_; }
  const CostModel& model() const noexcept { return model_; }
  bool long_running() const noexcept;  // declared so, or measured
  bool declared_long() const noexcept { return declared_long_; }

  void count(std::uint64_t bytes, bool failed) noexcept {
    add_to(bytes_, bytes);
    add_to(failed_, std::uint64_t{failed});
  }
  void add(const TaskSample& sample) noexcept;

  // Plain sums, to be added up over workers.
  struct Sums {
    std::uint64_t tasks = 0;  // begun or queued
    std::uint64_t failed = 0;
    std::uint64_t bytes = 0;
    std::uint64_t handler_ns = 0;
    std::uint64_t latency_ns = 0;
    std::uint64_t measured = 0;   // tasks that samples stand for
    std::uint64_t predicted = 0;  // samples that were predicted, ...
    std::uint64_t predicted_ns = 0;
    std::uint64_t actual_ns = 0;  // ... what they took, ...
    double error = 0;             // ... and the sum of |predicted - actual| / actual
    std::array<std::uint64_t, kBuckets> histogram{};
    std::array<CostModel::Class, CostModel::kClasses> classes{};
    bool long_running = false;
  };
  void add_to_sums(Sums& sums) const noexcept;

 private:
  const std::string module_;
  const std::uint32_t id_;
  const std::string name_;
  const bool declared_long_;

  Sampler sampler_;
  CostModel model_;
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> handler_ns_{0};
  std::atomic<std::uint64_t> latency_ns_{0};
  std::atomic<std::uint64_t> predicted_{0};
  std::atomic<std::uint64_t> predicted_ns_{0};
  std::atomic<std::uint64_t> actual_ns_{0};
  std::atomic<double> error_{0};
  std::array<std::atomic<std::uint64_t>, kBuckets> histogram_{};
};

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The real policies in virtual time: what they are good for, and that the same comes out again.
#include "sim/simulation.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sim/generated_load.h"

namespace chi::sim {
namespace {

constexpr char kRoundRobin[] = "worch_queue_round_robin";
constexpr char kLeastLoaded[] = "worch_queue_least_loaded";

SimulationReport run(const std::string& policy, LoadKind kind, std::uint64_t seed = 1) {
  const LoadOptions load{.kind = kind, .workers = 16, .lanes = 1000, .utilization = 0.7, .seconds = 5, .seed = seed};
  SimulationOptions options;
  options.workers = 16;
  options.end_ns = 5'000'000'000;
  options.module_paths = {CHI_TEST_MODULES};
  return simulate(policy, *generate_load(load), options).value();
}

TEST(Simulation, TheSameSeedGivesTheSame) {
  const SimulationReport one = run(kLeastLoaded, LoadKind::shifting);
  const SimulationReport two = run(kLeastLoaded, LoadKind::shifting);
  ASSERT_EQ(one.rows.size(), 10u);
  ASSERT_EQ(two.rows.size(), 10u);
  EXPECT_EQ(one.done, two.done);
  EXPECT_EQ(one.last_words, two.last_words);
  for (std::size_t i = 0; i < one.rows.size(); ++i) {
    EXPECT_EQ(one.rows[i].imbalance, two.rows[i].imbalance);
    EXPECT_EQ(one.rows[i].moved, two.rows[i].moved);
    EXPECT_EQ(one.rows[i].p99_ns, two.rows[i].p99_ns);
    EXPECT_EQ(one.rows[i].queued, two.rows[i].queued);
  }
  EXPECT_NE(run(kLeastLoaded, LoadKind::shifting, 2).done, one.done);
}

TEST(Simulation, UniformLoadIsNoWorseThanRoundRobin) {
  const SimulationReport in_turn = run(kRoundRobin, LoadKind::uniform);
  const SimulationReport by_load = run(kLeastLoaded, LoadKind::uniform);
  EXPECT_EQ(in_turn.refused + by_load.refused, 0u) << by_load.refusal;
  EXPECT_EQ(in_turn.all.moved, 0u);
  EXPECT_LE(by_load.all.moved, 20u);
  EXPECT_LE(static_cast<double>(by_load.all.p99_ns), 1.05 * static_cast<double>(in_turn.all.p99_ns));
  EXPECT_LE(by_load.all.imbalance, 1.02 * in_turn.all.imbalance);
  EXPECT_GE(by_load.done + 100, in_turn.done);
}

TEST(Simulation, LeastLoadedIsMuchBetterOnOtherLoads) {
  for (const LoadKind kind : {LoadKind::skewed, LoadKind::shifting}) {
    const SimulationReport in_turn = run(kRoundRobin, kind);
    const SimulationReport by_load = run(kLeastLoaded, kind);
    EXPECT_LT(2 * by_load.all.p99_ns, in_turn.all.p99_ns);
    EXPECT_LT(by_load.all.p50_ns, in_turn.all.p50_ns);
    EXPECT_LT(by_load.all.imbalance, in_turn.all.imbalance);
    EXPECT_GE(by_load.done, in_turn.done);
  }
}

TEST(Simulation, WhatIsNoPolicyIsRefused) {
  const auto load = generate_load({});
  SimulationOptions options;
  options.module_paths = {CHI_TEST_MODULES};
  EXPECT_EQ(simulate("worch_queue_of_dreams", *load, options).code(), Code::not_found);
  const auto kv = simulate("kv", *load, options);
  ASSERT_EQ(kv.code(), Code::invalid_argument);
  EXPECT_NE(kv.error().text.find("assign_lanes"), std::string::npos);
}

}  // namespace
}  // namespace chi::sim

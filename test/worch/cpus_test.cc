// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// CPUs are taken from the node and given back while clients call: it uses those that are left, and then all again.
#include "common/thread_cpus.h"
#include "worch/ledger_node.h"

namespace chi::test {
namespace {

class CpusUnderLoad : public LedgerNode {
 protected:
  // Without a period: what is done is done because the node has noticed.
  void SetUp() override {
    cpus_ = cpus_of(0);
    if (cpus_.size() < 2) GTEST_SKIP() << "there is one CPU only";
    start_books("worch: {period: 0, patience: 5s, proc: worch_proc_round_robin}", 2, 6);
  }
  void TearDown() override {
    confine_all_threads(cpus_);
    LedgerNode::TearDown();
  }
  // Each worker is on one of these CPUs, in turn, and this is what the policy has said.
  bool uses(const Cpus& cpus) const {
    const std::string said = "in turn over " + std::to_string(cpus.size()) + " CPUs";
    return eventually([&] {
      const auto shown = show();
      bool out = shown.policies.at(1).why.find(said) != std::string::npos;
      for (auto& worker : shown.workers) out = out && worker.cpus == Cpus{cpus[worker.worker % cpus.size()]};
      return out;
    });
  }

  Cpus cpus_;
};

TEST_F(CpusUnderLoad, GoAndComeBack) {
  begin_load(2, first_books(6));
  ASSERT_TRUE(uses(cpus_));
  for (const std::uint32_t left : {cpus_.front(), cpus_.back()}) {
    confine_all_threads({left});
    ASSERT_TRUE(uses({left}));
    EXPECT_EQ(threads_on({left}), threads_of_this_process().size());
    ASSERT_TRUE(calls_go_on());
    ASSERT_TRUE(set_workers(3).ok());
    ASSERT_TRUE(uses({left}));
    ASSERT_TRUE(set_workers(2).ok());
    ASSERT_TRUE(calls_go_on());
    confine_all_threads(cpus_);
    ASSERT_TRUE(uses(cpus_));
    ASSERT_TRUE(calls_go_on());
  }
  end_load();
}

}  // namespace
}  // namespace chi::test

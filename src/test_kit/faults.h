// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Failures that a test has asked for, and the module that makes them. A call that is to fail is sent to a container of
// that module instead, so that its error, deadline and cancellation take the way of every call.
#pragma once

#include <chimaera/test_kit.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chimaera/method.h"

namespace chi::test_kit {

struct Fail {
  static constexpr Method kMethod{1, "fail", Access::read};
  struct Reply {};
  Error error;
  bool no_answer = false;
};

const chi_module& fault_module() noexcept;

class Faults {
 public:
  void add(CallFault fault) { calls_.push_back({std::move(fault)}); }
  void add(IoFault fault) { ios_.push_back({fault}); }

  // What is to become of this call, which is counted; null: nothing special. Valid until the next add().
  const CallFault* strike(std::string_view pool, std::string_view method);
  // The errno that this system call, which is counted, is to fail with; or 0.
  int strike(std::uint32_t operation);

  std::uint64_t struck() const noexcept { return struck_; }

 private:
  template <class Fault>
  struct Rule {
    Fault fault;
    std::uint32_t seen = 0;
  };
  template <class Rules, class Matches>
  auto find(Rules& rules, Matches matches) -> decltype(&rules.front().fault);

  std::vector<Rule<CallFault>> calls_;
  std::vector<Rule<IoFault>> ios_;
  std::uint64_t struck_ = 0;
};

}  // namespace chi::test_kit

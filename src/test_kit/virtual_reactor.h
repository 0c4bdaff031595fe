// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The outside world of a worker without a thread: system calls are made one after the other, in the order in which they
// were started, and take no time; one that would have to wait for another's data waits in line until it would not.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>

#include "runtime/reactor.h"

namespace chi::test_kit {

class VirtualReactor final : public runtime::Reactor {
 public:
  // Asked before each system call: the errno that it fails with instead, or 0.
  using Fault = std::function<int(const chi_io&)>;
  explicit VirtualReactor(Fault fault = {}) : fault_(std::move(fault)) {}

  bool start(const chi_io& io, const runtime::Registered& registered, runtime::Operation& operation) override;
  void watch(int) override {}
  void unwatch(int) override {}
  unsigned poll() override;
  bool device_at_work() const noexcept override { return false; }  // it takes no time
  // Notes that the worker has nothing to do until then, and returns.
  void wait(std::uint64_t until_ns) override;
  void wake() noexcept override {}

  // Whether the worker came to rest since this was asked last, and when it wants to go on (0: it does not).
  bool take_rest(std::uint64_t& until_ns) noexcept;

 private:
  struct Started {
    chi_io io;
    runtime::Operation* operation;
    int error;  // of the fault that strikes it
  };
  static bool can_run(const Started& started) noexcept;

  Fault fault_;
  std::deque<Started> started_;
  bool rests_ = false;
  std::uint64_t until_ns_ = 0;
};

}  // namespace chi::test_kit

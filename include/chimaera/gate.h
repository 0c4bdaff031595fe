// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Shutdown as a type: work enters and leaves, and close() refuses newcomers and waits for those who are inside.
//
//   auto pass = gate.enter();                 // Result<Pass>: failed_precondition once it closes
//   if (!pass.ok()) co_return pass.error();
//   ...
//   co_await gate.close();
//
// Not thread-safe: all users belong to one executor. Destroying it while someone is inside is a bug, and asserted.
#pragma once

#include <chimaera/event.h>

#include <cassert>
#include <chrono>
#include <cstddef>
#include <utility>

namespace chi {

class Gate {
 public:
  // Being inside; leaves at its end.
  class [[nodiscard]] Pass {
   public:
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Pass() {
      if (gate_) gate_->leave();
    }

   private:
    friend class Gate;
    explicit Pass(Gate* gate) noexcept : gate_(gate) {}
    Gate* gate_;
  };

  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { assert(inside_ == 0 && "a gate was destroyed while work is inside"); }

  Result<Pass> enter() {
    if (closed_) return Error{Code::failed_precondition, "this is being closed and takes no more work", {}};
    ++inside_;
    return Pass(this);
  }

  // Refuses newcomers from now on; awaited, returns when nobody is inside. May be called again.
  auto close() noexcept {
    begin_close();
    return empty_.wait();
  }
  // As close, but gives a Status: deadline_exceeded when someone is still inside by then.
  auto close_until(std::chrono::nanoseconds deadline) noexcept {
    begin_close();
    return empty_.wait_until(deadline);
  }

  bool closed() const noexcept { return closed_; }
  std::size_t inside() const noexcept { return inside_; }

 private:
  void begin_close() noexcept {
    closed_ = true;
    if (inside_ == 0) empty_.set();
  }
  void leave() noexcept {
    if (--inside_ == 0 && closed_) empty_.set();
  }

  std::size_t inside_ = 0;
  bool closed_ = false;
  Event empty_;
};

}  // namespace chi

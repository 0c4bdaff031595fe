// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The reactor of the daemon's workers, on io_uring. Made without IORING_SETUP_SINGLE_ISSUER on purpose: a worker may be
// handed to another thread when a handler never ends (driver.h).
#pragma once

#include <liburing.h>

#include <memory>
#include <set>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "runtime/reactor.h"

namespace chi::runtime {

class IoUring final : public Reactor {
 public:
  static Result<std::unique_ptr<IoUring>> create(Clock& clock);
  ~IoUring() override;

  bool start(const chi_io& io, Operation& operation) override;
  bool watch(int eventfd) override;
  void unwatch(int eventfd) override;
  unsigned poll() override;
  void wait(std::uint64_t until_ns) override;
  void wake() noexcept override;

 private:
  explicit IoUring(Clock& clock) : clock_(clock) {}
  io_uring_sqe* next_entry();
  bool arm(int eventfd);
  unsigned handle_completions();

  Clock& clock_;
  io_uring ring_{};
  bool ring_made_ = false;
  unsigned unsubmitted_ = 0;
  UniqueFd wake_fd_;
  std::set<int> watched_;
};

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The reactor of the daemon's workers, on io_uring. Made without IORING_SETUP_SINGLE_ISSUER on purpose: a worker may be
// handed to another thread when a handler never ends (driver.h).
#pragma once

#include <liburing.h>

#include <map>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "runtime/reactor.h"
#include "runtime/registration.h"

namespace chi::runtime {

class IoUring final : public Reactor {
 public:
  // `worker`: whose reactor it is, by its number.
  static Result<std::unique_ptr<IoUring>> create(Clock& clock, unsigned worker);
  ~IoUring() override;

  bool start(const chi_io& io, const Registered& registered, Operation& operation) override;
  void watch(int eventfd) override;
  void unwatch(int eventfd) override;
  unsigned poll() override;
  bool device_at_work() const noexcept override { return at_device_ != 0; }
  void wait(std::uint64_t until_ns) override;
  void wake() noexcept override;

  // How many files and regions of memory have a place in the ring; from any thread.
  struct Counts {
    unsigned files, memory;
  };
  Counts registered() const { return {files_->used(), memory_->used()}; }

 private:
  IoUring(Clock& clock, unsigned worker)
      : clock_(clock),
        files_(std::make_shared<RingTable>(ring_, worker, RingTable::Kind::files)),
        memory_(std::make_shared<RingTable>(ring_, worker, RingTable::Kind::memory)) {}
  void use_registered(io_uring_sqe* entry, const chi_io& io, const Registered& registered);
  io_uring_sqe* next_entry();
  void submit_for_device();
  void change(std::uint64_t number);
  bool make_changes();
  bool alarm_bounds(std::uint64_t until_ns, std::uint64_t left_ns);
  unsigned handle_completions();

  Clock& clock_;
  io_uring ring_{};
  std::shared_ptr<RingTable> files_;
  std::shared_ptr<RingTable> memory_;
  bool ring_made_ = false;
  unsigned unsubmitted_ = 0;
  unsigned at_device_ = 0;      // operations under way
  std::uint64_t alarm_ns_ = 0;  // when it goes off; 0: not set
  __kernel_timespec alarm_after_{};
  UniqueFd wake_fd_;
  // By numbers that are never used again: a descriptor's number soon is, and what the kernel still tells of the watch
  // before would then be taken for news of the one that has it now.
  std::map<std::uint64_t, int> watched_;
  std::vector<std::uint64_t> changes_;  // watches to be begun, or ended where they are watched no longer
  std::uint64_t last_watch_ = 0;
};

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The end of something that a container started, on its way to the container's lane.
#pragma once

#include "chimaera/abi.h"
#include "runtime/message.h"

namespace chi::runtime {

struct Container;
struct Task;

// Lives until the module's completion ran, then deletes itself. Settled once.
class Completion {
 public:
  Completion(Container& container, chi_completion* done) : container_(container), done_(done) {}
  virtual ~Completion() = default;
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

  Container& container() const noexcept { return container_; }

  // Whether a lane's work is a completion of this class, which runs the module's.
  static bool is_one(const chi_work& work) noexcept { return work.run == run_on_lane; }

  // Whose task a lane's work goes on with; null: none's.
  static Task* task_behind(const chi_work& work) noexcept;

  // On the container's worker: puts the module's completion on the lane.
  void settle_here(Code code, std::int64_t result, const chi_message& reply);
  // From any thread.
  void settle(Code code, OwnedMessage reply);

 protected:
  // On the worker, after the module's completion ran. Default: deletes this.
  virtual void ran();

 private:
  struct LaneWork : chi_work {
    Completion* owner = nullptr;
  };
  static void run_on_lane(chi_work* work);

  Container& container_;
  chi_completion* done_;
  LaneWork work_{};
  Code code_ = Code::ok;
  std::int64_t result_ = 0;
  OwnedMessage reply_;
};

}  // namespace chi::runtime

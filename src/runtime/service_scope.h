// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Around the part of a service that touches the worker.
#pragma once

#include "runtime/driver.h"

namespace chi::runtime {

// direct(): the calling thread drives this worker, which is its own until the scope ends. Otherwise (an orphan, or a
// thread of the module's own) what is to be done goes by mail.
class ServiceScope {
 public:
  explicit ServiceScope(Worker& worker) noexcept : driver_(Driver::current()) {
    if (!driver_ || &driver_->worker() != &worker) return;
    from_handler_ = driver_->in_handler();
    direct_ = driver_->enter_runtime();
  }
  ~ServiceScope() {
    if (direct_ && from_handler_) driver_->back_to_handler();
  }
  ServiceScope(const ServiceScope&) = delete;
  ServiceScope& operator=(const ServiceScope&) = delete;

  bool direct() const noexcept { return direct_; }

 private:
  Driver* driver_;
  bool from_handler_ = false;
  bool direct_ = false;
};

}  // namespace chi::runtime

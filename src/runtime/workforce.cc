// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The order of things when the number of workers changes.
#include "runtime/workforce.h"

#include <fmt/format.h>

#include "runtime/places.h"

namespace chi::runtime {

Status Workforce::set(std::uint32_t count, bool dedicated) {
  if (count == 0 || count > crew_.limit()) {
    return Error{Code::invalid_argument,
                 fmt::format("this daemon can have 1 to {} workers, not {}; runtime.max_workers in its configuration "
                             "says how many at most",
                             crew_.limit(), count),
                 kControl};
  }
  if (auto grown = grow_to(count); !grown) return grown;
  if (auto activated = activate(count); !activated) return activated;
  for (std::uint32_t i = 0; i < crew_.size(); ++i) crew_.worker(i).never_sleep(dedicated && i < count);
  log_.info("{} workers, {}", count, dedicated ? "dedicated: they never sleep" : "shared: they sleep when idle");
  return {};
}

// Pools first: a message that a channel brings finds its pool.
Status Workforce::grow_to(std::uint32_t count) {
  while (crew_.size() < count) {
    if (auto added = crew_.add_worker([this](Worker& worker) { keeper_.introduce(worker); }); !added) return added;
    listener_.serve_with_all();
  }
  return {};
}

Status Workforce::activate(std::uint32_t count) {
  const std::uint32_t before = crew_.active();
  if (count == before) return {};
  if (!reassign_) {
    if (auto all = stranded(count); !all) return all;
  }
  crew_.set_active(count);
  if (!reassign_) return {};
  auto reassigned = reassign_(count);
  if (!reassigned) crew_.set_active(before);
  return reassigned;
}

Status Workforce::stranded(std::uint32_t count) const {
  for (auto& [name, pool] : keeper_.pools()) {
    for (auto& container : pool->containers) {
      if (container->worker().index() < count) continue;
      return Error{Code::failed_precondition,
                   fmt::format("worker {} has containers of the pool '{}'; keep {} workers, or destroy the pool first",
                               container->worker().index(), name, container->worker().index() + 1),
                   kControl};
    }
  }
  return {};
}

admin::WorkersReply Workforce::reply() const { return {crew_.active(), crew_.limit(), crew_.worker(0).never_sleeps()}; }

}  // namespace chi::runtime

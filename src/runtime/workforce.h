// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How many workers share the node's work, and whether they may spin: changed while it serves.
//
// A new worker is introduced to every pool and stream before it is active. One that is no longer active stays: a client
// that has not seen the change, and writes to its ring, is served. It has no lanes, sleeps, and is made active again
// when more are asked for.
#pragma once

#include <cstdint>
#include <functional>

#include "base/log.h"
#include "chimaera/admin.h"
#include "runtime/crew.h"
#include "runtime/listener.h"
#include "runtime/pool_keeper.h"

namespace chi::runtime {

// Used by the control thread alone.
class Workforce {
 public:
  // Called when the number of active workers has changed, which is published already: gives every lane an active
  // worker. Where that fails, the number becomes again what it was.
  using Reassign = std::function<Status(std::uint32_t active)>;

  Workforce(Crew& crew, Listener& listener, PoolKeeper& keeper, Logger& log)
      : crew_(crew), listener_(listener), keeper_(keeper), log_(log) {}

  // Without one, a worker that has lanes has to stay active.
  void on_change(Reassign reassign) { reassign_ = std::move(reassign); }

  // `count`: 1 to the crew's limit. `dedicated`: they may spin without ever sleeping. When it fails, nothing has
  // changed but that there may be workers which are not active.
  Status set(std::uint32_t count, bool dedicated);

  admin::WorkersReply reply() const;

 private:
  Status grow_to(std::uint32_t count);
  Status activate(std::uint32_t count);
  Status stranded(std::uint32_t count) const;

  Crew& crew_;
  Listener& listener_;
  PoolKeeper& keeper_;
  Logger& log_;
  Reassign reassign_;
};

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The one door through which the boundary's functions reach into a container.
#pragma once

#include <chimaera/container.h>

namespace chi::detail {

struct ModuleAccess {
  static ContainerCore& core(ContainerBase& container) noexcept { return container.core_; }
  static SpawnedTasks& spawned(ContainerBase& container) noexcept { return container.spawned_; }

  template <class State>
  static State& state(Container<State>& container) noexcept {
    return container.state_;
  }
};

}  // namespace chi::detail

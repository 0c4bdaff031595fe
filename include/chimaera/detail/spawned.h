// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Coroutines that a container runs on its own behalf. The runtime counts each, so that it does not destroy the
// container under them; when a container could not be opened, they are destroyed where they are suspended.
#pragma once

#include <chimaera/detail/container_core.h>
#include <chimaera/detail/errors.h>
#include <chimaera/task.h>

#include <list>
#include <utility>

namespace chi::detail {

class SpawnedTasks {
 public:
  SpawnedTasks() = default;
  SpawnedTasks(const SpawnedTasks&) = delete;
  SpawnedTasks& operator=(const SpawnedTasks&) = delete;
  ~SpawnedTasks() { destroy_all(); }

  void add(const ContainerCore& core, Task<void> task) {
    if (task.done()) return log_failure(core, task);
    Entry& entry = entries_.emplace_back(*this, core, std::move(task));
    entry.at = std::prev(entries_.end());
    entry.task.notify(entry);
    core.services->hold(core.handle);
  }

  void destroy_all() noexcept {
    while (!entries_.empty()) forget(entries_.front());
  }

 private:
  struct Entry : Continuation {
    Entry(SpawnedTasks& in, const ContainerCore& on, Task<void> running)
        : list(in), core(on), task(std::move(running)) {
      done = [](Continuation* self) noexcept {
        auto& entry = *static_cast<Entry*>(self);
        log_failure(entry.core, entry.task);
        entry.list.forget(entry);
      };
    }
    SpawnedTasks& list;
    const ContainerCore& core;
    Task<void> task;
    std::list<Entry>::iterator at;
  };

  void forget(Entry& entry) noexcept {
    const ContainerCore& core = entry.core;
    entries_.erase(entry.at);
    core.services->unhold(core.handle);
  }

  static void log_failure(const ContainerCore& core, Task<void>& task) noexcept {
    try {
      task.take();
    } catch (...) {
      core.log(3, __FILE__, __LINE__,
               "a spawned coroutine of " + core.name() + ": " + error_of_exception().to_string());
    }
  }

  std::list<Entry> entries_;
};

}  // namespace chi::detail

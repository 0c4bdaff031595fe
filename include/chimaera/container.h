// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Container<State>: the base of a module's class. One object is one container: the State, and handlers for each
// request:
//
//   class Bucket : public chi::Container<State> {
//    public:
//     static constexpr std::uint32_t kReservedIds[] = {3};          // optional: of methods that are gone
//     struct Config { std::uint64_t limit = 0; };                   // optional: what `pool create` may be given
//     chi::Status open(const Config&);                              // optional: called once, before any handler
//     chi::Result<PutReply> on(const Put&);                         // runs to its end: atomic
//     chi::Task<chi::Result<GetReply>> on(const Get&, chi::Call&);  // may await; others run meanwhile
//   };
//   CHI_EXPORT_MODULE(Bucket, Put, Get)
//
// A handler is public, and takes its request by const reference, which is valid until it has ended, and optionally the
// Call. What it throws becomes an error. Handlers of one container never run at the same time, and interleave only
// where they await. The constructor has no arguments and may use nothing of below; open() may use all of it.
#pragma once

#include <chimaera/detail/container_core.h>
#include <chimaera/detail/spawned.h>
#include <chimaera/domain.h>
#include <chimaera/io.h>
#include <chimaera/pool_ref.h>
#include <chimaera/task.h>
#include <chimaera/timer.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace chi {

enum class Severity : std::int32_t { debug = 0, info = 1, warning = 2, error = 3 };

namespace detail {
struct ModuleAccess;
}  // namespace detail

class ContainerBase {
 public:
  ContainerBase(const ContainerBase&) = delete;
  ContainerBase& operator=(const ContainerBase&) = delete;

 protected:
  ContainerBase() = default;
  ~ContainerBase() = default;

  DomainId id() const noexcept { return core_.id; }
  std::uint32_t index() const noexcept { return core_.id.index; }  // of this container
  std::uint32_t count() const noexcept { return core_.count; }     // of the pool's containers
  Epoch epoch() const noexcept { return core_.epoch; }
  const std::string& pool_name() const noexcept { return core_.pool_name; }
  // Who created the pool: what a container does outside is on his behalf, not with the daemon's own rights.
  std::uint32_t owner_uid() const noexcept { return core_.uid; }

  // Others, and the own pool. An unknown name is the first call's not_found.
  PoolRef pool(std::string_view name) const {
    const auto size = static_cast<std::uint32_t>(name.size());
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is in `size`
    return {core_, core_.services->pool_find(core_.handle, name.data(), size), name};
  }
  PoolRef pool(PoolId id) const { return {core_, id, "#" + std::to_string(id)}; }
  PoolRef self() const { return {core_, core_.id.pool, core_.pool_name}; }

  // Time and randomness come from the runtime: in a simulation both are its own.
  std::chrono::nanoseconds now() const noexcept { return detail::now_of(&core_.executor); }
  Pending<void> sleep_until(std::chrono::nanoseconds at) const {
    return detail::start_timer({&core_.executor, core_.task()}, at);
  }
  Pending<void> sleep_for(std::chrono::nanoseconds duration) const { return sleep_until(now() + duration); }
  std::uint64_t random() const { return core_.services->random(core_.handle); }

  Io io() const noexcept { return Io(core_); }

  // `file` and `line` are the caller's own. By what all compilers have: clang has std::source_location from 15 on.
  void log(Severity severity, std::string_view text, const char* file = __builtin_FILE(),
           std::uint32_t line = __builtin_LINE()) const {
    core_.log(static_cast<std::int32_t>(severity), file, line, text);
  }

  // Starts a coroutine on the container's own behalf, which no handler waits for: `spawn(&Bucket::sweep)` for a method
  // of this class, or any function that returns Task<void>, with its arguments. It should take them by value. Made by
  // spawn itself, because a task that a handler made has that handler's scope, which ends with it. When the container
  // is to be destroyed, its timers and calls end with `cancelled`: a loop ends then.
  template <class Class, class... Parameters, class... Arguments>
  void spawn(Task<void> (Class::*method)(Parameters...), Arguments&&... arguments) {
    static_assert(std::is_base_of_v<ContainerBase, Class>, "spawn takes a method of the container's own class");
    ScopeGuard scope({&core_.executor, nullptr});
    spawned_.add(core_, (static_cast<Class*>(this)->*method)(std::forward<Arguments>(arguments)...));
  }
  template <class Function, class... Arguments>
    requires std::is_invocable_r_v<Task<void>, Function, Arguments...>
  void spawn(Function&& function, Arguments&&... arguments) {
    ScopeGuard scope({&core_.executor, nullptr});
    spawned_.add(core_, std::invoke(std::forward<Function>(function), std::forward<Arguments>(arguments)...));
  }

 private:
  friend detail::ModuleAccess;

  detail::ContainerCore core_;
  detail::SpawnedTasks spawned_;
};

struct NoState {};

// `State` is a plain struct that the codec can walk: all that a snapshot holds, and what a restore brings back.
template <class State = NoState>
class Container : public ContainerBase {
 public:
  using StateType = State;

 protected:
  State& state() noexcept { return state_; }
  const State& state() const noexcept { return state_; }

 private:
  friend detail::ModuleAccess;

  State state_{};
};

}  // namespace chi

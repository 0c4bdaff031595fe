// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Waits for several tasks, or started operations, that run at the same time.
//
//   auto both = chi::when_all(load(1), pool("disk").call<Read>(2));
//   auto results = co_await both;              // std::tuple of what each await would have given
//   auto pages = co_await chi::when_all(std::move(tasks));   // of std::vector<Task<T>>: std::vector<T>, in order
//
// What one of them threw is thrown once all have ended; when several threw, that of the first in order. In place of
// void stands std::monostate. Destroying it early destroys those that have not ended.
#pragma once

#include <chimaera/pending.h>
#include <chimaera/task.h>

#include <coroutine>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace chi {

namespace detail {

template <class Awaited>
auto take_value(Awaited& awaited) {
  if constexpr (std::is_void_v<typename Awaited::value_type>) {
    awaited.take();
    return std::monostate{};
  } else {
    return awaited.take();
  }
}

// Counts down those that have not ended, and then resumes who awaits them.
class Countdown : public Continuation {
 public:
  template <class P>
  explicit Countdown(std::coroutine_handle<P> parent) noexcept : frame_(&frame_of(parent)) {
    done = [](Continuation* self) noexcept {
      auto& countdown = *static_cast<Countdown*>(self);
      if (--countdown.left_ == 0) countdown.frame_->post();
    };
  }

  template <class Awaited>
  void add(Awaited& awaited) noexcept {
    if (awaited.done()) return;
    ++left_;
    awaited.notify(*this);
  }
  bool waits() const noexcept { return left_ > 0; }

 private:
  Frame* frame_;
  std::size_t left_ = 0;
};

template <class Group>
class GroupAwaiter {
 public:
  explicit GroupAwaiter(Group group) noexcept : group_(std::move(group)) {}
  GroupAwaiter(const GroupAwaiter&) = delete;
  GroupAwaiter& operator=(const GroupAwaiter&) = delete;

  bool await_ready() const noexcept {
    return group_.all([](auto& awaited) { return awaited.done(); });
  }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> parent) noexcept {
    countdown_.emplace(parent);
    group_.all([this](auto& awaited) {
      countdown_->add(awaited);
      return true;
    });
    return countdown_->waits();
  }
  auto await_resume() { return group_.take(); }

 private:
  std::optional<Countdown> countdown_;  // outlives the group, which refers to it
  Group group_;
};

template <class... Awaited>
struct TupleGroup {
  mutable std::tuple<Awaited...> members;

  template <class F>
  bool all(F each) const {
    return std::apply([&](auto&... awaited) { return (each(awaited) && ...); }, members);
  }
  auto take() {
    return std::apply([](auto&... awaited) { return std::tuple{take_value(awaited)...}; }, members);
  }
};

template <class Awaited>
struct VectorGroup {
  mutable std::vector<Awaited> members;

  template <class F>
  bool all(F each) const {
    for (auto& awaited : members) {
      if (!each(awaited)) return false;
    }
    return true;
  }
  auto take() {
    std::vector<decltype(take_value(members.front()))> values;
    values.reserve(members.size());
    for (auto& awaited : members) values.push_back(take_value(awaited));
    return values;
  }
};

}  // namespace detail

// Each is a Task or a Pending, moved in.
template <class... Awaited>
auto when_all(Awaited... awaited) {
  using Group = detail::TupleGroup<Awaited...>;
  return detail::GroupAwaiter<Group>(Group{{std::move(awaited)...}});
}

template <class Awaited>
auto when_all(std::vector<Awaited> awaited) {
  using Group = detail::VectorGroup<Awaited>;
  return detail::GroupAwaiter<Group>(Group{std::move(awaited)});
}

}  // namespace chi

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How a container calls others, its own pool's included; spelled as a client's Pool is:
//
//   auto found = co_await pool("inventory").call<kv::Get>("apple");            // Result<kv::GetReply>
//   auto sizes = co_await pool("inventory").on(chi::all()).gather<kv::Count>();   // Result<Gathered<kv::Count>>
//
// A call is submitted at once and goes on while others are made (see pending.h); destroying the Pending cancels it.
// Made in a coroutine handler it is on behalf of that handler's task, whose rights, deadline and cancellation hold for
// it too; made elsewhere it is on the container's own behalf. Without on() the request's kRoute decides where it goes.
//
// A PoolRef is a value: on(), with_deadline() and so on give a changed copy. It belongs to the container that made it,
// and names the pool of that name at that time: one that is created later is another pool.
#pragma once

#include <chimaera/detail/call_operation.h>
#include <chimaera/domain.h>
#include <chimaera/method.h>
#include <chimaera/pending.h>
#include <chimaera/route.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace chi {

class ForgettingPoolRef;

class PoolRef {
 public:
  PoolRef(const detail::ContainerCore& core, PoolId id, std::string_view name) : core_(&core), name_(name) {
    options_.pool = id;
  }

  PoolId id() const noexcept { return options_.pool; }  // kNoPool when there is no pool of that name
  const std::string& name() const noexcept { return name_; }

  PoolRef on(const Query& query) const {
    return changed([&](auto& options) { options.query = query; });
  }
  PoolRef with_deadline(std::chrono::nanoseconds from_now) const {
    return changed([&](auto& options) { options.deadline = from_now; });
  }
  PoolRef with_priority(Priority priority) const {
    return changed([&](auto& options) { options.priority = priority; });
  }
  // Calls are repeated until their Pending is destroyed or cancelled; it has a result only when they end.
  PoolRef every(std::chrono::nanoseconds period) const {
    return changed([&](auto& options) { options.period = period; });
  }
  // Calls have no answer: what fails is logged by the daemon.
  ForgettingPoolRef fire_and_forget() const;

  // Calls a method with the request's fields as arguments, in order. With a query of several containers the request
  // must merge, and the call fails as a whole when one of them fails; gather() gives each reply.
  template <class Req, class... Fields>
  Pending<typename Req::Reply> call(Fields&&... fields) const {
    return send(Req{std::forward<Fields>(fields)...});
  }
  template <class Req>
  Pending<typename Req::Reply> send(const Req& request) const {
    using Reply = typename Req::Reply;
    detail::SubmitOptions options = routed(request);
    if (id() == kNoPool) return detail::failed_call<Reply>(*core_, no_pool());
    if (options.query.single()) return detail::start_call<Reply>(*core_, options, request, &decode_message<Reply>);
    if constexpr (Mergeable<Req>) {
      return detail::start_call<Reply>(*core_, options, request, &decode_merged<Req>);
    } else {
      return detail::failed_call<Reply>(*core_, needs_gather(Req::kMethod.name));
    }
  }

  // Calls several containers: all of them where neither on() nor the request says otherwise.
  template <class Req, class... Fields>
  Pending<Gathered<Req>> gather(Fields&&... fields) const {
    return send_gather(Req{std::forward<Fields>(fields)...});
  }
  template <class Req>
  Pending<Gathered<Req>> send_gather(const Req& request) const {
    detail::SubmitOptions options = routed(request);
    if (options_.query.kind == QueryKind::automatic && options.query.single()) options.query = all();
    if (id() == kNoPool) return detail::failed_call<Gathered<Req>>(*core_, no_pool());
    if (options.query.single()) return detail::failed_call<Gathered<Req>>(*core_, needs_call());
    return detail::start_call<Gathered<Req>>(*core_, options, request, &decode_gathered<Req>);
  }

 private:
  friend class ForgettingPoolRef;

  template <class Change>
  PoolRef changed(Change change) const {
    PoolRef out = *this;
    change(out.options_);
    return out;
  }

  template <class Req>
  detail::SubmitOptions routed(const Req& request) const {
    detail::SubmitOptions options = options_;
    if (options.query.kind == QueryKind::automatic) options.query = default_query(request, 0);
    return options;
  }

  template <class Req>
  void forget(const Req& request) const {
    std::uint8_t scratch[512];
    Encoder encoder(scratch);
    encode_message(encoder, request);
    if (id() == kNoPool) return lost(no_pool());
    if (encoder.failed()) return lost(encoder.status().error());
    chi_submission submission = detail::make_submission(*core_, routed(request), Req::kMethod.id, encoder.message());
    submission.flags |= CHI_FIRE_AND_FORGET;
    core_->services->submit(core_->handle, &submission, nullptr);
  }

  void lost(const Error& error) const {
    core_->log(2, __FILE__, __LINE__, "a fire-and-forget call was not made: " + error.to_string());
  }
  Error no_pool() const {
    return {Code::not_found, "no pool named '" + name_ + "'; `chimaera pool list` shows all", core_->name()};
  }
  static Error needs_call() {
    return {Code::invalid_argument, "the query names one container: use call() for it, or another query", {}};
  }
  static Error needs_gather(std::string_view method) {
    std::string text = "the query names several containers, and '" + std::string(method);
    return {Code::invalid_argument, text + "' cannot merge their replies: use gather()", {}};
  }

  const detail::ContainerCore* core_;
  detail::SubmitOptions options_;
  std::string name_;
};

// What fire_and_forget() gives: nothing to await.
class ForgettingPoolRef {
 public:
  explicit ForgettingPoolRef(PoolRef pool) : pool_(std::move(pool)) {}

  template <class Req, class... Fields>
  void call(Fields&&... fields) const {
    pool_.forget(Req{std::forward<Fields>(fields)...});
  }
  template <class Req>
  void send(const Req& request) const {
    pool_.forget(request);
  }

 private:
  PoolRef pool_;
};

inline ForgettingPoolRef PoolRef::fire_and_forget() const { return ForgettingPoolRef(*this); }

}  // namespace chi

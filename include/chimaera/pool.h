// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A caller's handle of a pool, and the ways to call its containers:
//
//   auto kv = client.pool("inventory");
//   auto reply = kv.call<kv::Put>("apple", bytes).get();        // one container, chosen by the request's kRoute
//   auto sizes = kv.on(chi::all()).gather<kv::Count>().get();    // several: each one's reply or failure
//
// A Pool is a value: copies are cheap, and on(), with_deadline() and so on give a changed copy. Any thread may use it,
// one object by one thread at a time. The name is looked up by the first call, which waits for that, and again after a
// reconnect. It keeps the client's connection alive. Nothing here throws but for std::bad_alloc.
//
// A Buffer in a request is memory in which the callee works, so it has to be this client's: of Client::allocate_buffer,
// or of a reply. Any other is invalid_argument; one of another client, or of the connection before the daemon's
// restart, failed_precondition. Bytes are values: those of other memory are copied on their way.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/codec.h>
#include <chimaera/detail/open_pool.h>
#include <chimaera/domain.h>
#include <chimaera/future.h>
#include <chimaera/gathered.h>
#include <chimaera/method.h>
#include <chimaera/result.h>
#include <chimaera/route.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace chi {

class Schedule;

class Pool {
 public:
  Pool(std::shared_ptr<client::Session> session, client::PoolState* state) noexcept
      : session_(std::move(session)), state_(state) {}

  const std::string& name() const noexcept;

  Pool on(const Query& query) const {
    Pool out = *this;
    out.options_.query = query;
    return out;
  }
  Pool with_deadline(std::chrono::nanoseconds from_now) const {
    Pool out = *this;
    out.options_.deadline = from_now;
    return out;
  }
  Pool with_priority(Priority priority) const {
    Pool out = *this;
    out.options_.priority = priority;
    return out;
  }
  // Calls have no answer: their Future is ready, with an empty reply, once the call is submitted. What fails later is
  // counted and logged by the daemon. Client::flush waits for them.
  Pool fire_and_forget() const {
    Pool out = *this;
    out.options_.flags = CHI_FIRE_AND_FORGET;
    return out;
  }
  // Calls that the daemon repeats, the first after one period.
  Schedule every(std::chrono::nanoseconds period) const;

  // Calls a method with the request's fields as arguments, in order. Where the query names several containers the
  // request must be one that merges (see gather); the call then fails as a whole when one of them fails.
  template <class Req, class... Fields>
  Future<typename Req::Reply> call(Fields&&... fields) const {
    return send(Req{std::forward<Fields>(fields)...});
  }
  template <class Req>
  Future<typename Req::Reply> send(const Req& request) const {
    return Future<typename Req::Reply>(submit(request), &client::decode_call<Req>);
  }

  // Calls several containers, all of them unless on() says otherwise, and tells each one's reply or failure.
  template <class Req, class... Fields>
  Future<Gathered<Req>> gather(Fields&&... fields) const {
    return send_gather(Req{std::forward<Fields>(fields)...});
  }
  template <class Req>
  Future<Gathered<Req>> send_gather(const Req& request) const {
    return Future<Gathered<Req>>(submit<Req, true>(request), &client::decode_gather<Req>);
  }

  // A call that is encoded already, for callers that know the method at run time only. Without on() it goes to
  // container 0 of a pool of one, else to any. `references`: see Encoder::references; each buffer is taken for one
  // unless it is said that it is not.
  Future<RawReply> call_raw(std::uint32_t method, const chi_message& request,
                            std::uint64_t references = ~std::uint64_t{0}) const;

  // Looks the name up anew.
  Result<admin::PoolInfo> info() const;

  // Client::flush, for the calls to this pool alone.
  Status flush() const;

 private:
  friend class Schedule;

  template <class Req, bool kGather = false>
  client::PendingCall submit(const Req& request) const {
    client::OpenPool target = client::open_pool(*session_, *state_, options_.deadline);
    if (target.error) [[unlikely]]
      return client::PendingCall(std::move(target.error));
    if constexpr (kGather) {
      return submit_to<Req, true>(target, request, client::gather_query(options_.query, target.containers));
    } else if (options_.query.kind == QueryKind::automatic) {
      return submit_to<Req, false>(target, request, default_query(request, target.containers));
    } else {
      return submit_to<Req, false>(target, request, options_.query);
    }
  }

  template <class Req, bool kGather>
  client::PendingCall submit_to(const client::OpenPool& target, const Req& request, const Query& query) const {
    if (kGather && query.single()) return client::PendingCall(client::not_several(query));
    if (!kGather && !Mergeable<Req> && !query.single() && !(options_.flags & CHI_FIRE_AND_FORGET)) {
      return client::PendingCall(client::not_gathered(Req::kMethod.name));
    }
    std::uint8_t scratch[client::kScratchBytes];
    Encoder encoder(scratch);
    encode_message(encoder, request);
    if (encoder.failed()) [[unlikely]]
      return client::PendingCall(encoder.status().error());
    return client::submit(target, Req::kMethod.id, query, options_, {encoder.message(), encoder.references()});
  }

  std::shared_ptr<client::Session> session_;
  client::PoolState* state_;
  client::CallOptions options_{};
};

// A call that the daemon repeats until it is cancelled or the client's session ends; a run that would begin before the
// one before has ended is left out. Belongs to the thread that made it, as a Future does. Destroying it changes
// nothing.
class Periodic {
 public:
  explicit Periodic(client::PendingCall call) noexcept : call_(std::move(call)) {}

  void cancel() { call_.cancel(); }

  // Waits for its end: `cancelled` after cancel(), or what ended it.
  Error wait();

 private:
  client::PendingCall call_;
};

// Pool::every(period).call<Req>(fields...).
class Schedule {
 public:
  template <class Req, class... Fields>
  Result<Periodic> call(Fields&&... fields) const {
    return started(pool_.submit(Req{std::forward<Fields>(fields)...}));
  }

 private:
  friend class Pool;
  explicit Schedule(Pool pool) noexcept : pool_(std::move(pool)) {}
  static Result<Periodic> started(client::PendingCall call);

  Pool pool_;
};

}  // namespace chi

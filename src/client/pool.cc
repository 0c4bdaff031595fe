// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The part of Pool that knows no request type.
#include <chimaera/pool.h>
#include <fmt/format.h>

#include "client/session.h"

namespace chi {
namespace client {

OpenPool open_pool(Session& session, PoolState& pool, std::chrono::nanoseconds deadline) {
  return session.open(pool, deadline);
}

PendingCall submit(const OpenPool& target, std::uint32_t method, const Query& query, const CallOptions& options,
                   const EncodedRequest& request) {
  return target.stream->submit(target, method, query, options, request);
}

Query gather_query(const Query& query, std::uint32_t containers) {
  switch (query.kind) {
    case QueryKind::automatic:
      return all();
    case QueryKind::container:
      return range(query.first, 1);
    case QueryKind::hash:
      return containers == 0 ? query : range(container_of(query.hash, containers), 1);
    default:
      return query;
  }
}

Error not_gathered(std::string_view method) {
  return {Code::invalid_argument,
          fmt::format("method '{}' has no merge, so that replies of several containers do not become one; use "
                      "gather(), or on() with a query of one container",
                      method),
          "client"};
}

Error not_several(const Query& query) {
  return {Code::invalid_argument,
          fmt::format("gather() asks several containers, and the query '{}' one; use call()", to_string(query)),
          "client"};
}

}  // namespace client

const std::string& Pool::name() const noexcept { return state_->name; }

Future<RawReply> Pool::call_raw(std::uint32_t method, const chi_message& request, std::uint64_t references) const {
  client::OpenPool target = client::open_pool(*session_, *state_, options_.deadline);
  if (target.error) return {client::PendingCall(std::move(target.error)), &client::decode_raw};
  if (method == 0 || method > CHI_MAX_METHOD_ID) {
    Error error{Code::invalid_argument, fmt::format("method {} cannot be: ids are 1 to {}", method, CHI_MAX_METHOD_ID),
                "client"};
    return {client::PendingCall(std::move(error)), &client::decode_raw};
  }
  Query query = options_.query;
  if (query.kind == QueryKind::automatic) query = target.containers == 1 ? container(0) : any();
  return {client::submit(target, method, query, options_, {request, references}), &client::decode_raw};
}

Schedule Pool::every(std::chrono::nanoseconds period) const {
  Pool out = *this;
  out.options_.period = period;
  out.options_.flags = CHI_PERIODIC;
  return Schedule(std::move(out));
}

Result<admin::PoolInfo> Pool::info() const { return session_->find(*state_, options_.deadline); }

Status Pool::flush() const {
  client::Stream* stream = session_->stream();
  return stream ? stream->flush(state_) : session_->nothing_to_flush();
}

Error Periodic::wait() {
  client::Answer answer = call_.answer();
  Error out = answer.failed() ? client::failure_of(answer) : Error{Code::cancelled, "it has ended", "client"};
  call_.release();
  return out;
}

Result<Periodic> Schedule::started(client::PendingCall call) {
  if (call.error()) return *call.error();
  return Periodic(std::move(call));
}

}  // namespace chi

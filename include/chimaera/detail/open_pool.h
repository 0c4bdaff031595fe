// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Between pool.h, which knows the types of requests and replies, and the client library, which does not.
#pragma once

#include <chimaera/codec.h>
#include <chimaera/domain.h>
#include <chimaera/future.h>
#include <chimaera/gathered.h>
#include <chimaera/method.h>
#include <chimaera/result.h>
#include <chimaera/route.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace chi::client {

class Session;
struct PoolState;

inline constexpr std::size_t kScratchBytes = 512;  // as much as travels inline, and more

struct CallOptions {
  Query query{};
  std::chrono::nanoseconds deadline{0};  // from now; 0: the client's default
  std::chrono::nanoseconds period{0};
  Priority priority = Priority::low_latency;
  std::uint8_t flags = 0;  // CHI_FIRE_AND_FORGET, CHI_PERIODIC
};

// A pool as the calling thread may call it now: connected, and its name looked up; or why not.
struct OpenPool {
  Stream* stream = nullptr;
  PoolState* pool = nullptr;
  std::uint64_t id = kNoPool;
  std::uint32_t containers = 0;
  std::uint32_t lane_base = 0;
  std::unique_ptr<Error> error{};
};

OpenPool open_pool(Session& session, PoolState& pool, std::chrono::nanoseconds deadline);

// A request as encoded. A buffer whose bit is set in `references` is a Buffer: the callee works in the caller's memory,
// which has to be the client's. Others are bytes by value, that may be copied on their way.
struct EncodedRequest {
  chi_message message;
  std::uint64_t references;
};

PendingCall submit(const OpenPool& target, std::uint32_t method, const Query& query, const CallOptions& options,
                   const EncodedRequest& request);

// The query of a gather: always one that gives a set.
Query gather_query(const Query& query, std::uint32_t containers);
Error not_gathered(std::string_view method);
Error not_several(const Query& query);

template <class Req>
Result<typename Req::Reply> decode_call(const Answer& answer) {
  if (answer.failed()) [[unlikely]]
    return failure_of(answer);
  if constexpr (Mergeable<Req>) {
    if (answer.gathered) return decode_merged<Req>(answer.message);
  }
  if (answer.message.size == 0) return typename Req::Reply{};
  return decode_message<typename Req::Reply>(answer.message);
}

template <class Req>
Result<Gathered<Req>> decode_gather(const Answer& answer) {
  if (answer.failed()) return failure_of(answer);
  return decode_gathered<Req>(answer.message);
}

}  // namespace chi::client

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A request as calls of the pool, and what their failure is in NBD's words. Part of transmission.h.
#include <algorithm>
#include <new>
#include <utility>

#include "nbd/transmission.h"

namespace chi::nbd {
namespace {

// Of trim and zero, which have no data to bound them: a piece at a time, so that they hold nobody up.
constexpr std::uint64_t kMostZeroed = 64 << 20;

Failure failure_of(const Status& done, const Request& request) {
  switch (done.code()) {
    case Code::ok:
      return kOk;
    case Code::invalid_argument:
      return kInvalid;
    case Code::permission_denied:
      return kNotPermitted;
    case Code::resource_exhausted:
      return request.command == kRead ? kNoMemory : kNoSpace;
    default:
      return kIoError;
  }
}

}  // namespace

Task<void> Transmission::serve(Order order) {
  Status done = Error{Code::resource_exhausted, "no memory for a request", {}};
  try {
    auto result = co_await perform(order);
    done = std::move(result);
  } catch (const std::bad_alloc&) {
    // as it was set
  }
  settle(std::move(order), done);
}

Task<Status> Transmission::perform(const Order& order) {
  const Request& request = order.request;
  const bdev::Volume& volume = device_->volume();
  Status done;
  if (request.command == kRead) {
    auto transfer = volume.read(request.offset, order.memory);
    auto ended = co_await transfer.ended();
    done = std::move(ended);
  } else if (request.command == kWrite) {
    auto transfer = volume.write(request.offset, order.memory);
    auto ended = co_await transfer.ended();
    done = std::move(ended);
  } else if (request.command != kFlush) {
    auto ended = co_await make_zero(request);
    done = std::move(ended);
  }
  const bool durable = request.command == kFlush || (request.command != kRead && (request.flags & kFua));
  if (!done.ok() || !durable) co_return done;
  auto flushed = co_await flush();
  co_return flushed;
}

Task<Status> Transmission::make_zero(const Request& request) {
  const bool keep = request.command == kWriteZeroes && (request.flags & kNoHole);
  for (std::uint64_t at = 0; at < request.length;) {
    const std::uint64_t size = std::min<std::uint64_t>(request.length - at, kMostZeroed);
    const std::uint64_t offset = request.offset + at;
    auto transfer = keep ? device_->volume().zero(offset, size) : device_->volume().trim(offset, size);
    auto ended = co_await transfer.ended();
    if (!ended.ok()) co_return ended;
    at += size;
  }
  co_return Status();
}

Task<Status> Transmission::flush() {
  auto call = device_->volume().flush();
  auto flushed = co_await call;
  if (!flushed.ok()) co_return std::move(flushed).error();
  co_return Status();
}

// Of a daemon, or a pool, that has gone nobody knows what it did: asked again, it does the same.
void Transmission::settle(Order order, const Status& done) {
  --active_;
  if (done.code() == Code::unavailable || done.code() == Code::not_found) {
    lost_ = true;
    if (!std::exchange(order.again, true)) {
      waiting_.push_back(std::move(order));
      return;
    }
  }
  if (!done.ok()) notes_.tell("a request failed: " + done.error().to_string());
  answer(order, failure_of(done, order.request));
}

}  // namespace chi::nbd

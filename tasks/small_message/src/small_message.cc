// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The module: a handler for each request of small_message.h.
#include "small_message/small_message.h"

#include <chimaera/module.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include "small_message/pattern.h"

namespace small_message {

namespace {

chi::Error damaged(std::uint64_t found, std::uint64_t sent) {
  return {chi::Code::data_loss,
          "the data arrived with checksum " + std::to_string(found) + ", and was sent with " + std::to_string(sent),
          {}};
}

chi::Result<IoReply> make_bulk(std::uint64_t size, std::uint64_t seed, const chi::Call& call) {
  if (size > kMaxBulk) {
    return chi::Error{chi::Code::invalid_argument, "size is at most " + std::to_string(kMaxBulk) + " bytes", {}};
  }
  chi::Result<chi::Bytes> memory = call.allocate(size);
  if (!memory.ok()) return std::move(memory).error();
  fill_pattern({memory->data(), memory->size()}, seed);
  const std::uint64_t sum = checksum(memory->span());
  return IoReply{*std::move(memory), sum};
}

std::chrono::microseconds bounded(std::uint64_t microseconds) {
  return std::chrono::microseconds(std::min(microseconds, kLongest));
}

// By a clock of its own: the runtime's may stand still while a handler runs.
void spin(std::uint64_t microseconds) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  while (Clock::now() - begin < bounded(microseconds)) asm volatile("");
}

}  // namespace

class Messages : public chi::Container<> {
 public:
  using Config = small_message::Config;

  chi::Status open(const Config& config) {
    config_ = config;
    return {};
  }

  chi::Task<chi::Result<MdReply>> on(const Md& request) {
    if (request.depth == 0) co_return MdReply{1};
    if (request.depth > config_.max_depth) co_return too_deep(request.depth);
    const chi::PoolRef next = next_hop(request.depth);
    auto reply = co_await next.call<Md>(request.depth - 1);
    co_return reply;
  }

  chi::Result<IoReply> on(const Io& request, const chi::Call& call) {
    const std::uint64_t found = checksum(request.data.span());
    if (found != request.checksum) return damaged(found, request.checksum);
    return make_bulk(request.size, request.seed, call);
  }

  chi::Result<ChecksumReply> on(const Write& request) {
    const std::uint64_t found = checksum(request.data.span());
    if (found != request.checksum) return damaged(found, request.checksum);
    return ChecksumReply{found};
  }

  chi::Result<IoReply> on(const Read& request, const chi::Call& call) {
    return make_bulk(request.size, request.seed, call);
  }

  chi::Result<ChecksumReply> on(const Fill& request) {
    fill_pattern(request.target.span(), request.seed);
    return ChecksumReply{checksum(request.target.span())};
  }

  chi::Result<SizeReply> on(const PassBuffer& request) { return SizeReply{request.buffer.size()}; }

  chi::Result<Nothing> on(const Null&) { return Nothing(); }

  chi::Task<chi::Result<Nothing>> on(const NullCoroutine&) { co_return Nothing(); }

  chi::Result<Nothing> on(const Spin& request) {
    do spin(request.microseconds);
    while (request.microseconds == 0);
    return Nothing();
  }

  chi::Task<chi::Result<Nothing>> on(const Nap& request) {
    auto slept = co_await sleep_for(bounded(request.microseconds));
    if (!slept.ok()) co_return slept.error();
    co_return Nothing();
  }

  chi::Task<chi::Result<Nothing>> on(const Turns& request) {
    spin(request.spin_microseconds);
    for (std::uint32_t i = 0; i < request.naps; ++i) {
      auto slept = co_await sleep_for(bounded(request.nap_microseconds));
      if (!slept.ok()) co_return slept.error();
      spin(request.spin_microseconds);
    }
    co_return Nothing();
  }

  chi::Result<Nothing> on(const Fail& request) {
    if (request.throws) throw std::runtime_error(request.text);
    return chi::Error{request.code, request.text, {}};
  }

 private:
  // Around in the own pool; in another one, whose size is not known here, spread by depth.
  chi::PoolRef next_hop(std::uint32_t depth) const {
    if (config_.next_pool.empty()) return self().on(chi::container((index() + 1) % count()));
    return pool(config_.next_pool).on(chi::hash(depth * 0x9e3779b97f4a7c15U));
  }

  chi::Error too_deep(std::uint32_t depth) const {
    return {chi::Code::invalid_argument,
            "depth " + std::to_string(depth) + " is above max_depth, which is " + std::to_string(config_.max_depth),
            {}};
  }

  Config config_;
};

}  // namespace small_message

CHI_EXPORT_MODULE(small_message::Messages, small_message::Md, small_message::Io, small_message::Write,
                  small_message::Read, small_message::Fill, small_message::PassBuffer, small_message::Null,
                  small_message::NullCoroutine, small_message::Spin, small_message::Nap, small_message::Turns,
                  small_message::Fail)

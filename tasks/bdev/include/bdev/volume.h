// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A pool of block devices, of one container or many, as one volume for a program: reads and writes are split among the
// containers that have the parts, and go to all of them at once.
//
//   auto volume = bdev::Volume::open(client, "disk").value();
//   chi::Buffer data = client.allocate_buffer(1 << 20).value();      // memory that device and program share
//   volume.write(0, data).get();
//   bdev::Transfer next = volume.read(1 << 20, data);                // on its way; get() waits
//
// Copies are cheap. Any thread may use a Volume, one object by one thread at a time; a Transfer belongs to the thread
// that made it. Failures are those of bdev.h; of a transfer that fails, parts may have been done.
#pragma once

#include <bdev/bdev.h>
#include <bdev/stat.h>
#include <bdev/stripe.h>
#include <chimaera/client.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bdev {

// Calls on their way. Destroyed early it lets them run on, and the memory stays in use until they have ended.
class [[nodiscard]] Transfer {
 public:
  bool ready() {
    for (auto& each : calls_) {
      if (!each.ready()) return false;
    }
    return true;
  }
  // Waits for all of it; the first failure.
  chi::Status get() {
    chi::Status out;
    for (auto& each : calls_) {
      auto reply = each.get();
      if (!reply.ok() && out.ok()) out = std::move(reply).error();
    }
    calls_.clear();
    return out;
  }
  // The same for a coroutine of a program (Client::run, Client::poll_for): `co_await transfer.ended()`. The Transfer
  // lives until then.
  chi::Task<chi::Status> ended() {
    chi::Status out;
    for (auto& each : calls_) {
      auto reply = co_await each;
      if (!reply.ok() && out.ok()) out = std::move(reply).error();
    }
    calls_.clear();
    co_return out;
  }

 private:
  friend class Volume;
  std::vector<chi::Future<SizeReply>> calls_;
};

class Volume {
 public:
  // Asks the pool what it is. failed_precondition when its containers are not parts of one volume.
  static chi::Result<Volume> open(const chi::Client& client, const std::string& pool) {
    Volume out(client.pool(pool));
    auto stat = out.pool_.call<Stat>().get();
    if (!stat.ok()) return std::move(stat).error();
    const MemberStats& first = stat->members.front();
    out.stripe_ = {first.count, first.chunk, first.size};
    out.block_size_ = first.block_size;
    for (const MemberStats& each : stat->members) {
      if (each.size == first.size && each.chunk == first.chunk && each.block_size == first.block_size) continue;
      return chi::Error{chi::Code::failed_precondition,
                        "the containers of '" + pool + "' differ in size, chunk or block_size: they are no one volume",
                        {}};
    }
    return out;
  }

  std::uint64_t size() const noexcept { return stripe_.size(); }
  std::uint32_t block_size() const noexcept { return block_size_; }
  const Stripe& stripe() const noexcept { return stripe_; }
  const chi::Pool& pool() const noexcept { return pool_; }

  // `memory` is of Client::allocate_buffer, and not to be changed, or looked at, until the transfer has ended.
  Transfer write(std::uint64_t offset, const chi::Buffer& memory) const {
    if (stripe_.members == 1) return one(pool_.call<Write>(offset, chi::Bytes::from(memory)));
    return split<WriteV>(offset, memory);
  }
  Transfer read(std::uint64_t offset, const chi::Buffer& memory) const {
    if (stripe_.members == 1) return one(pool_.call<ReadInto>(offset, memory));
    return split<ReadV>(offset, memory);
  }
  Transfer zero(std::uint64_t offset, std::uint64_t size) const { return one(pool_.call<Zero>(offset, size)); }
  Transfer trim(std::uint64_t offset, std::uint64_t size) const { return one(pool_.call<Trim>(offset, size)); }
  chi::Future<Nothing> flush() const { return pool_.call<Flush>(); }

 private:
  explicit Volume(chi::Pool pool) : pool_(std::move(pool)) {}

  static Transfer one(chi::Future<SizeReply> call) {
    Transfer out;
    out.calls_.push_back(std::move(call));
    return out;
  }

  // A call to each member, or several, when it has many pieces.
  template <class Req>
  Transfer split(std::uint64_t offset, const chi::Buffer& memory) const {
    std::vector<Req> calls(stripe_.members);
    Transfer out;
    const auto send = [&](std::uint32_t member) {
      out.calls_.push_back(pool_.on(chi::container(member)).template send<Req>(calls[member]));
      calls[member].pieces.clear();
    };
    if (memory.empty() || offset >= size() || memory.size() > size() - offset) {  // none of it, and why: the container
      calls[0].pieces.push_back({offset, memory});
      send(0);
      return out;
    }
    std::uint64_t done = 0;
    while (done < memory.size()) {
      const std::uint64_t piece = stripe_.piece(offset + done, memory.size() - done);
      const std::uint32_t member = stripe_.member_of(offset + done);
      calls[member].pieces.push_back({offset + done, memory.slice(done, piece)});
      if (calls[member].pieces.size() == kMaxSegments) send(member);
      done += piece;
    }
    for (std::uint32_t member = 0; member < stripe_.members; ++member) {
      if (!calls[member].pieces.empty()) send(member);
    }
    return out;
  }

  chi::Pool pool_;
  Stripe stripe_;
  std::uint32_t block_size_ = 0;
};

}  // namespace bdev

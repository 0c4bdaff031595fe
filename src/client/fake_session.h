// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One session of fake_daemon.h, and the methods that its pools have. No checks: it serves our own client only.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/codec.h>
#include <chimaera/gathered.h>
#include <chimaera/method.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "shm/arena.h"
#include "shm/packet.h"
#include "shm/ring.h"
#include "shm/segment.h"

namespace chi::test {

struct EchoReply {
  std::string text;
  Bytes data;
  std::uint32_t container = 0;
};
struct Echo {
  static constexpr Method kMethod{1, "echo", Access::read};
  using Reply = EchoReply;
  std::string text;
  Bytes data;
};
struct KeyedEcho {
  static constexpr Method kMethod{1, "echo", Access::read};
  static constexpr Route kRoute = Route::hash("text");
  using Reply = EchoReply;
  std::string text;
  Bytes data;
};
struct Nothing {};
// Answered when FakeBehaviour::release_held says so, the last first.
struct Hold {
  static constexpr Method kMethod{2, "hold", Access::read};
  using Reply = Nothing;
  Bytes data;
};
// Answered at once with deadline_exceeded, as still running; over when release_held says so.
struct Linger {
  static constexpr Method kMethod{3, "linger", Access::read};
  using Reply = Nothing;
  Bytes data;
};
struct CountReply {
  std::uint64_t count = 0;
};
struct Count {
  static constexpr Method kMethod{4, "count", Access::read};
  using Reply = CountReply;
  static void merge(Reply& into, Reply&& from) { into.count += from.count; }
};
struct Null {
  static constexpr Method kMethod{5, "null", Access::read};
  using Reply = Nothing;
};

struct FakeBehaviour {
  std::atomic<bool> release_held{false};
  std::atomic<int> held{0};
  std::atomic<bool> paused{false};  // reads no requests
  std::atomic<int> wakes{0};
  std::atomic<int> released{0};       // reply buffers that came back
  std::atomic<int> wrong_owner{0};    // so many calls more are refused so
  std::atomic<int> calls{0};          // that were executed
  std::atomic<int> cancels{0};
  std::atomic<std::uint32_t> failing_container{~0u};  // of Count
  std::atomic<std::uint64_t> last_epoch{0};
  std::atomic<std::uint64_t> rename_one{0};  // pool 10 has this id now
};

class FakeSession {
 public:
  FakeSession(UniqueFd socket, std::uint32_t workers, std::uint64_t memory_limit)
      : socket_(std::move(socket)), workers_(workers), memory_limit_(memory_limit) {}

  int socket() const { return socket_.get(); }

  bool ready() const {
    for (auto& stream : streams_) {
      for (auto& channel : stream->channels) {
        if (channel.reader.ready()) return true;
      }
    }
    return false;
  }
  bool has_due(FakeBehaviour& behaviour) const { return behaviour.release_held && !held_.empty(); }

  // False: the client has gone.
  bool handle_packet() {
    auto packet = shm::receive_packet(socket_.get(), 0);
    if (!packet) return packet.code() == Code::deadline_exceeded;
    switch (static_cast<shm::Packet>(packet->record.packet)) {
      case shm::Packet::open_stream:
        open_stream();
        return true;
      case shm::Packet::add_arena:
        add_arena(packet->record.size, shm::Packet::arena);
        return true;
      default:
        return true;
    }
  }

  bool serve(const std::map<std::string, admin::PoolInfo>& pools, FakeBehaviour& behaviour) {
    bool worked = false;
    if (behaviour.paused) return false;
    for (auto& stream : streams_) {
      for (auto& channel : stream->channels) {
        for (; channel.reader.ready(); worked = true) take(*stream, channel, pools, behaviour);
      }
    }
    if (has_due(behaviour)) {
      std::reverse(held_.begin(), held_.end());
      for (auto& each : std::exchange(held_, {})) finish(each);
      behaviour.held = 0;
      worked = true;
    }
    return worked;
  }

 private:
  struct Channel {
    Channel(shm::Channel& shared) : reader(shared), writer(shared) {}
    shm::RequestReader reader;
    shm::ReplyWriter writer;
  };
  struct Stream {
    shm::Segment memory;
    std::vector<Channel> channels;
    shm::Stream& shared() { return *reinterpret_cast<shm::Stream*>(memory.data()); }
  };
  struct Arena {
    shm::Segment memory;
    std::unique_ptr<shm::Arena> space;
  };
  struct Late {
    Stream* stream;
    Channel* channel;
    std::uint32_t sequence;
    bool lingers;
  };

  void open_stream() {
    auto stream = std::make_unique<Stream>();
    stream->memory = shm::Segment::create("fake-stream", shm::Stream::bytes(workers_)).value();
    for (std::uint32_t i = 0; i < workers_ * shm::kPriorities; ++i) {
      stream->channels.emplace_back(stream->shared().channels[i]);
    }
    shm::Record record;
    record.packet = static_cast<std::uint32_t>(shm::Packet::stream);
    record.id = streams_.size() + 1;
    record.size = stream->memory.size();
    int fd = stream->memory.fd();
    EXPECT_TRUE(shm::send_packet(socket_.get(), record, {&fd, 1}, 0).ok());
    streams_.push_back(std::move(stream));
  }

  std::uint32_t add_arena(std::uint64_t size, shm::Packet packet) {
    shm::Record record;
    record.packet = static_cast<std::uint32_t>(packet);
    auto segment = static_cast<std::uint32_t>(arenas_.size() + 1);
    if (memory_ + size > memory_limit_) {
      record.code = static_cast<std::uint32_t>(Code::resource_exhausted);
      EXPECT_TRUE(shm::send_packet(socket_.get(), record, {}, 0).ok());
      return 0;
    }
    memory_ += size;
    Arena arena{shm::Segment::create("fake-arena", size).value(), std::make_unique<shm::Arena>(size)};
    record.size = arena.memory.size();
    record.segment = segment;
    int fd = arena.memory.fd();
    EXPECT_TRUE(shm::send_packet(socket_.get(), record, {&fd, 1}, 0).ok());
    arenas_.push_back(std::move(arena));
    return segment;
  }

  chi_buffer resolve(const std::uint8_t* at) {
    shm::BufferDescriptor descriptor;
    std::memcpy(&descriptor, at, sizeof(descriptor));
    auto& memory = arenas_.at(descriptor.segment - 1).memory;
    EXPECT_TRUE(memory.contains(descriptor.offset, descriptor.size));
    return {memory.data() + descriptor.offset, descriptor.size, nullptr};
  }

  void take(Stream& stream, Channel& channel, const std::map<std::string, admin::PoolInfo>& pools,
            FakeBehaviour& behaviour) {
    shm::RequestSlot slot;
    std::uint8_t scratch[512];
    const std::uint8_t* bytes = nullptr;
    std::uint32_t size = 0;
    if (!channel.reader.take(slot, scratch, bytes, size)) return ADD_FAILURE() << "a damaged request";
    auto sequence = static_cast<std::uint32_t>(slot.sequence);
    if (slot.kind == static_cast<std::uint8_t>(shm::RequestKind::release)) return release(bytes, behaviour);
    if (slot.kind == static_cast<std::uint8_t>(shm::RequestKind::cancel)) {
      ++behaviour.cancels;
      auto found = std::find_if(held_.begin(), held_.end(), [&](const Late& late) { return late.sequence == sequence; });
      if (found == held_.end()) return;
      held_.erase(found);
      return fail(stream, channel, sequence, {Code::cancelled, "on request", "fake"});
    }
    std::uint32_t payload = slot.payload_size;
    if (slot.flags & shm::kBodyInArena) {
      chi_buffer body = resolve(bytes);
      bytes = body.data;
      payload = static_cast<std::uint32_t>(body.size - slot.buffers * sizeof(shm::BufferDescriptor));
    }
    std::vector<chi_buffer> buffers;
    for (unsigned i = 0; i < slot.buffers; ++i) {
      buffers.push_back(resolve(bytes + payload + i * sizeof(shm::BufferDescriptor)));
    }
    chi_message message{bytes, payload, slot.buffers, buffers.data()};
    call(stream, channel, slot, message, pools, behaviour);
  }

  void call(Stream& stream, Channel& channel, const shm::RequestSlot& slot, const chi_message& message,
            const std::map<std::string, admin::PoolInfo>& pools, FakeBehaviour& behaviour) {
    auto sequence = static_cast<std::uint32_t>(slot.sequence);
    if (slot.pool == kAdminPool) {
      auto request = decode_message<admin::PoolFind>(message);
      auto pool = pools.find(request.value().name);
      if (pool != pools.end() && pool->second.id == 10 && behaviour.rename_one != 0) {
        admin::PoolInfo info = pool->second;
        info.id = behaviour.rename_one;
        return reply(stream, channel, sequence, info);
      }
      if (pool == pools.end()) return fail(stream, channel, sequence, {Code::not_found, "no such pool", "admin/0"});
      return reply(stream, channel, sequence, pool->second);
    }
    PoolId old = behaviour.rename_one ? 10 : 0;
    bool known = std::any_of(pools.begin(), pools.end(), [&](auto& pool) { return pool.second.id == slot.pool; });
    known = (known && slot.pool != old) || slot.pool == behaviour.rename_one;
    if (!known) return fail(stream, channel, sequence, {Code::not_found, "no pool of this id", "router"});
    if (behaviour.wrong_owner > 0) {
      --behaviour.wrong_owner;
      return fail(stream, channel, sequence, {Code::wrong_owner, "elsewhere", "router"});
    }
    ++behaviour.calls;
    behaviour.last_epoch = slot.target_extra;
    if (slot.flags & shm::kFireAndForget) return raw(stream, channel, sequence, Code::ok, shm::kFinished, {});
    switch (slot.method) {
      case 1: {
        auto request = decode_message<Echo>(message);
        return reply(stream, channel, sequence,
                     EchoReply{request->text, Bytes(std::as_const(request->data).data(), request->data.size()), slot.target});
      }
      case 2:
      case 3:
        held_.push_back({&stream, &channel, sequence, slot.method == 3});
        ++behaviour.held;
        if (slot.method == 3) {
          fail(stream, channel, sequence, {Code::deadline_exceeded, "late", "fake"}, shm::kStillRunning);
        }
        return;
      case 4:
        return count(stream, channel, sequence, slot, pools, behaviour);
      default:
        return raw(stream, channel, sequence, Code::ok, 0, {});
    }
  }

  // A set of one entry for each container, as not merged; or the merged value and the failures.
  void count(Stream& stream, Channel& channel, std::uint32_t sequence, const shm::RequestSlot& slot,
             const std::map<std::string, admin::PoolInfo>& pools, FakeBehaviour& behaviour) {
    auto pool = std::find_if(pools.begin(), pools.end(), [&](auto& each) { return each.second.id == slot.pool; });
    std::uint32_t containers = pool->second.containers;
    bool failing = behaviour.failing_container < containers;
    Encoder value;
    encode_message(value, CountReply{failing ? containers - 1 : containers});
    Encoder out;
    out.u32(failing ? 2 : 1);
    detail::put_gathered(out, {detail::kMergedEntry, 0, value.message()});
    if (failing) {
      Encoder error;
      encode_message(error, Error{Code::aborted, "on purpose", "fake"});
      detail::put_gathered(out, {behaviour.failing_container, static_cast<int>(Code::aborted), error.message()});
    }
    raw(stream, channel, sequence, Code::ok, shm::kGathered, out.message());
  }

  void release(const std::uint8_t* bytes, FakeBehaviour& behaviour) {
    shm::BufferDescriptor descriptor;
    std::memcpy(&descriptor, bytes, sizeof(descriptor));
    EXPECT_TRUE(arenas_.at(descriptor.segment - 1).space->free(descriptor.offset, descriptor.size));
    ++behaviour.released;
  }

  void finish(const Late& late) {
    raw(*late.stream, *late.channel, late.sequence, Code::ok, late.lingers ? shm::kFinished : 0, {});
  }

  template <class T>
  void reply(Stream& stream, Channel& channel, std::uint32_t sequence, const T& value) {
    Encoder out;
    encode_message(out, value);
    raw(stream, channel, sequence, Code::ok, 0, out.message());
  }
  void fail(Stream& stream, Channel& channel, std::uint32_t sequence, const Error& error, std::uint8_t flags = 0) {
    Encoder out;
    encode_message(out, error);
    raw(stream, channel, sequence, error.code, flags, out.message());
  }

  shm::BufferDescriptor lend(const void* data, std::size_t size) {
    if (reply_segment_ == 0) reply_segment_ = add_arena(16u << 20, shm::Packet::reply_arena);
    auto& arena = arenas_.at(reply_segment_ - 1);
    auto offset = arena.space->allocate(size);
    EXPECT_TRUE(offset.has_value()) << "reply memory was not given back";
    std::memcpy(arena.memory.data() + *offset, data, size);
    return {reply_segment_, static_cast<std::uint32_t>(size), *offset};
  }

  void raw(Stream& stream, Channel& channel, std::uint32_t sequence, Code code, std::uint8_t flags,
           const chi_message& message) {
    std::vector<std::uint8_t> body(message.data, message.data + message.size);
    for (std::uint32_t i = 0; i < message.buffer_count; ++i) {
      auto descriptor = lend(message.buffers[i].data, message.buffers[i].size);
      auto* at = reinterpret_cast<std::uint8_t*>(&descriptor);
      body.insert(body.end(), at, at + sizeof(descriptor));
    }
    if (body.size() > shm::kMaxInlineReply) {
      auto descriptor = lend(body.data(), body.size());
      body.assign(reinterpret_cast<std::uint8_t*>(&descriptor), reinterpret_cast<std::uint8_t*>(&descriptor + 1));
      flags |= shm::kBodyInArena;
    }
    std::uint32_t slots = shm::slots_for<shm::ReplySlot>(static_cast<std::uint32_t>(body.size()));
    shm::ReplySlot* slot = channel.writer.reserve(slots);
    for (std::uint64_t limit = SystemClock().now_ns() + 10'000'000'000; !slot; slot = channel.writer.reserve(slots)) {
      ASSERT_LT(SystemClock().now_ns(), limit) << "the client does not read its replies";
      std::this_thread::yield();
    }
    slot->code = static_cast<std::uint16_t>(code);
    slot->slots = static_cast<std::uint8_t>(slots);
    slot->flags = flags;
    slot->sequence = sequence;
    slot->payload_size = static_cast<std::uint16_t>(flags & shm::kBodyInArena ? 0 : message.size);
    slot->buffers = static_cast<std::uint8_t>(message.buffer_count);
    if (!body.empty()) channel.writer.fill(body.data(), static_cast<std::uint32_t>(body.size()));
    channel.writer.publish(slots);
    light_fence();
    auto& waits = stream.shared().client_waits;
    if (waits.load(std::memory_order_relaxed) && waits.exchange(0)) {
      ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&waits), FUTEX_WAKE, 1, nullptr, nullptr, 0);
    }
  }

  UniqueFd socket_;
  const std::uint32_t workers_;
  const std::uint64_t memory_limit_;
  std::uint64_t memory_ = 0;
  std::uint32_t reply_segment_ = 0;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<Arena> arenas_;
  std::vector<Late> held_;
};

}  // namespace chi::test

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The memory of one session of fake_daemon.h, and replies written into it.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/codec.h>
#include <chimaera/result.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "shm/arena.h"
#include "shm/packet.h"
#include "shm/ring.h"
#include "shm/segment.h"

namespace chi::test {

class FakeMemory {
 public:
  FakeMemory(UniqueFd socket, std::uint32_t workers, std::uint64_t memory_limit)
      : socket_(std::move(socket)), workers_(workers), memory_limit_(memory_limit) {}

 protected:
  struct Channel {
    explicit Channel(shm::Channel& shared) : reader(shared), writer(shared) {}
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
      if (client_has_gone()) return;  // with calls that it did not wait for
      ASSERT_LT(SystemClock().now_ns(), limit) << "the client does not read its replies";
      std::this_thread::yield();
    }
    slot->code = static_cast<std::uint16_t>(code);
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

  bool client_has_gone() const {
    pollfd peer{socket_.get(), POLLRDHUP, 0};
    return ::poll(&peer, 1, 0) == 1;
  }

  UniqueFd socket_;
  const std::uint32_t workers_;
  const std::uint64_t memory_limit_;
  std::uint64_t memory_ = 0;
  std::uint32_t reply_segment_ = 0;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<Arena> arenas_;
};

}  // namespace chi::test

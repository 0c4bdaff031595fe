// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One session of fake_daemon.h. No checks: it serves our own client only.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/codec.h>
#include <chimaera/gathered.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "client/fake_memory.h"
#include "client/fake_methods.h"
#include "shm/arena.h"
#include "shm/packet.h"
#include "shm/ring.h"
#include "shm/segment.h"

namespace chi::test {

class FakeSession : FakeMemory {
 public:
  using FakeMemory::FakeMemory;

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
  bool handle_packet(FakeBehaviour& behaviour) {
    auto packet = shm::receive_packet(socket_.get(), 0);
    if (!packet) return packet.code() == Code::deadline_exceeded;
    switch (static_cast<shm::Packet>(packet->record.packet)) {
      case shm::Packet::open_stream:
        open_stream();
        return true;
      case shm::Packet::add_arena:
        add_arena(packet->record.size, shm::Packet::arena);
        return true;
      case shm::Packet::close_stream:
        ++behaviour.closed_streams;
        return true;
      default:
        ADD_FAILURE() << "an unknown packet";
        return false;
    }
  }

  bool serve(const std::map<std::string, admin::PoolInfo>& pools, FakeBehaviour& behaviour) {
    bool worked = false;
    if (behaviour.paused) return false;
    for (auto& stream : streams_) {
      for (auto& channel : stream->channels) {
        for (; !behaviour.paused && channel.reader.ready(); worked = true) take(*stream, channel, pools, behaviour);
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
  struct Late {
    Stream* stream;
    Channel* channel;
    std::uint32_t sequence;
    bool lingers;
  };

  void take(Stream& stream, Channel& channel, const std::map<std::string, admin::PoolInfo>& pools,
            FakeBehaviour& behaviour) {
    shm::RequestSlot slot;
    std::uint8_t scratch[512];
    const std::uint8_t* bytes = nullptr;
    std::uint32_t size = 0;
    const bool good = channel.reader.take(slot, scratch, bytes, size);
    channel.reader.publish_if_due();
    if (!good) return ADD_FAILURE() << "a damaged request";
    auto sequence = slot.sequence_low;
    if (slot.flags & shm::kRelease) return release(slot.buffers, bytes, behaviour);
    if (slot.flags & shm::kCancel) {
      ++behaviour.cancels;
      auto found =
          std::find_if(held_.begin(), held_.end(), [&](const Late& late) { return late.sequence == sequence; });
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
    buffers.reserve(slot.buffers);
    for (unsigned i = 0; i < slot.buffers; ++i) {
      buffers.push_back(resolve(bytes + payload + i * sizeof(shm::BufferDescriptor)));
    }
    chi_message message{bytes, payload, slot.buffers, buffers.data()};
    call(stream, channel, slot, message, pools, behaviour);
  }

  void call(Stream& stream, Channel& channel, const shm::RequestSlot& slot, const chi_message& message,
            const std::map<std::string, admin::PoolInfo>& pools, FakeBehaviour& behaviour) {
    auto sequence = slot.sequence_low;
    if (slot.pool == kAdminPool) {
      auto request = decode_message<admin::PoolFind>(message);
      auto pool = pools.find(request.value().name);
      if (pool != pools.end() && pool->second.id == 10 && behaviour.rename_one != 0) {
        admin::PoolInfo info = pool->second;
        info.id = behaviour.rename_one;
        return reply(stream, channel, sequence, info);
      }
      if (pool == pools.end())
        return fail(stream, channel, sequence,
                    {Code::not_found, "no pool of this name; `chimaera pool list` shows those there are", "admin/0"});
      return reply(stream, channel, sequence, pool->second);
    }
    PoolId old = behaviour.rename_one ? 10 : 0;
    bool known = std::any_of(pools.begin(), pools.end(), [&](auto& pool) { return pool.second.id == slot.pool; });
    known = (known && slot.pool != old) || slot.pool == behaviour.rename_one;
    bool forget = slot.flags & shm::kFireAndForget;
    if (!known && forget)
      return raw(stream, channel, sequence, Code::not_found, shm::kFinished | shm::kNotAdmitted, {});
    if (!known) {
      return fail(stream, channel, sequence, {Code::not_found, "no pool of this id", "router"}, shm::kNotAdmitted);
    }
    if (behaviour.missing > 0) {
      --behaviour.missing;
      return fail(stream, channel, sequence, {Code::not_found, "something else", "router"}, shm::kNotAdmitted);
    }
    if (behaviour.wrong_owner > 0) {
      --behaviour.wrong_owner;
      return fail(stream, channel, sequence, {Code::wrong_owner, "elsewhere", "router"}, shm::kNotAdmitted);
    }
    ++behaviour.calls;
    behaviour.last_epoch = slot.target_extra;
    behaviour.last_tick = slot.deadline_tick;
    if (behaviour.handler_fails != Code::ok) {
      return fail(stream, channel, sequence, {behaviour.handler_fails, "by a handler that has run", "router"});
    }
    if (forget) return raw(stream, channel, sequence, Code::ok, shm::kFinished, {});
    switch (slot.method) {
      case 1: {
        auto request = decode_message<Echo>(message);
        return reply(
            stream, channel, sequence,
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
      case 6:
        for (std::uint32_t i = 0; i < message.buffer_count; ++i) {
          std::memset(message.buffers[i].data, 7, message.buffers[i].size);
        }
        return raw(stream, channel, sequence, Code::ok, 0, {});
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

  void release(unsigned count, const std::uint8_t* bytes, FakeBehaviour& behaviour) {
    for (unsigned i = 0; i < count; ++i) {
      shm::BufferDescriptor descriptor;
      std::memcpy(&descriptor, bytes + i * sizeof(descriptor), sizeof(descriptor));
      EXPECT_TRUE(arenas_.at(descriptor.segment - 1).space->free(descriptor.offset, descriptor.size));
    }
    behaviour.released += static_cast<int>(count);
    ++behaviour.releases;
  }

  void finish(const Late& late) {
    raw(*late.stream, *late.channel, late.sequence, Code::ok, late.lingers ? shm::kFinished : 0, {});
  }

  std::vector<Late> held_;
};

}  // namespace chi::test

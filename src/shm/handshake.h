// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What client and daemon say on the Unix socket (SOCK_SEQPACKET): one fixed record a packet, file descriptors beside
// it. The socket is for set-up only; its end is how each side learns of the other's death.
#pragma once

#include <cstdint>

namespace chi::shm {

inline constexpr std::uint32_t kProtocolMagic = 0x43484d31;  // "CHM1"
inline constexpr std::uint32_t kProtocolVersion = 4;

enum class Packet : std::uint32_t {
  hello = 1,         // client: first packet
  welcome = 2,       // daemon: descriptors {lane map, eventfd of worker 0, 1, ...}
  open_stream = 3,   // client
  stream = 4,        // daemon: descriptor {memfd}; `id` is the SessionId of the calls, `segment` unused
  add_arena = 5,     // client: `size` wanted; the client manages the space in it
  arena = 6,         // daemon: descriptor {memfd}; `segment` names it in descriptors
  reply_arena = 7,   // daemon, on its own account: descriptor {memfd}; the daemon manages the space in it
  close_stream = 8,  // client: `id`; its thread has ended
};

struct Record {
  std::uint32_t magic = kProtocolMagic;
  std::uint32_t version = kProtocolVersion;
  std::uint32_t packet = 0;  // Packet
  std::uint32_t code = 0;    // chi::Code of an answer; `text` says more when it is not ok
  std::uint64_t id = 0;      // session (welcome) or stream
  std::uint64_t size = 0;    // bytes of the memfd
  std::uint32_t segment = 0;
  std::uint32_t workers = 0;  // in welcome: that there can be, and a stream has channels for
  std::uint64_t incarnation = 0;
  std::uint64_t memory_limit = 0;  // in welcome: bytes of all segments of a session
  std::uint64_t clock_ns = 0;      // in welcome: the daemon's clock when it was sent; deadlines are of this clock
  char text[184] = {};
};
static_assert(sizeof(Record) == 248);

}  // namespace chi::shm

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The methods that the pools of fake_daemon.h have, and how a test makes them misbehave.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/method.h>
#include <chimaera/result.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
// All memory that comes with it is filled with sevens.
struct Fill {
  static constexpr Method kMethod{6, "fill", Access::read};
  using Reply = Nothing;
  Buffer target;
  std::vector<Buffer> more;
  std::optional<Buffer> other;
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
  std::atomic<int> released{0};     // reply buffers that came back
  std::atomic<int> releases{0};     // messages that brought them
  std::atomic<int> wrong_owner{0};  // so many calls more are refused so
  std::atomic<int> missing{0};      // so many calls more find nothing
  std::atomic<int> calls{0};        // that were executed
  std::atomic<int> cancels{0};
  std::atomic<int> closed_streams{0};
  std::atomic<std::uint32_t> failing_container{~0u};  // of Count
  std::atomic<std::uint64_t> last_epoch{0};
  std::atomic<std::uint32_t> last_tick{0};    // the deadline that it was told
  std::atomic<Code> handler_fails{Code::ok};  // how every call ends that was executed
  std::atomic<std::uint64_t> rename_one{0};   // pool 10 has this id now
};

}  // namespace chi::test

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls of every kind that do next to nothing: small, bulk, nested, slow, failing. What its callers see.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/method.h>
#include <chimaera/result.h>

#include <cstdint>
#include <string>

namespace small_message {

inline constexpr std::uint64_t kMaxBulk = std::uint64_t{1} << 30;  // bytes of one reply
inline constexpr std::uint64_t kLongest = 86'400'000'000;          // microseconds: spin and nap last a day at most

struct Config {
  std::string next_pool;             // md goes on there, rather than in its own pool; of this module, too
  std::uint32_t max_depth = 10'000;  // of md; each level takes a few KiB until it returns
};

struct Nothing {};

// A small message. With depth > 0 it asks the next container for one of depth - 1 first, through a coroutine at each
// level; the value is what came back.
struct MdReply {
  std::uint32_t value = 0;  // 1
};
struct Md {
  static constexpr chi::Method kMethod{1, "md", chi::Access::read};
  using Reply = MdReply;
  std::uint32_t depth = 0;
};

// Bulk data both ways: fails with data_loss when `data` has not the given checksum (pattern.h); gives `size` bytes of
// the pattern `seed`, and their checksum.
struct IoReply {
  chi::Bytes data;
  std::uint64_t checksum = 0;
};
struct Io {
  static constexpr chi::Method kMethod{2, "io", chi::Access::read};
  using Reply = IoReply;
  chi::Bytes data;
  std::uint64_t checksum = 0;
  std::uint64_t size = 0;
  std::uint64_t seed = 0;
};

// One half of io each.
struct ChecksumReply {
  std::uint64_t checksum = 0;
};
struct Write {
  static constexpr chi::Method kMethod{3, "write", chi::Access::write};
  using Reply = ChecksumReply;
  chi::Bytes data;
  std::uint64_t checksum = 0;
};
struct Read {
  static constexpr chi::Method kMethod{4, "read", chi::Access::read};
  using Reply = IoReply;
  std::uint64_t size = 0;
  std::uint64_t seed = 0;
};

// Fills the caller's own memory with the pattern of `seed`.
struct Fill {
  static constexpr chi::Method kMethod{5, "fill", chi::Access::read};
  using Reply = ChecksumReply;
  chi::Buffer target;
  std::uint64_t seed = 0;
};

// Gives the buffer's size and touches none of its bytes: what it costs to pass memory on.
struct SizeReply {
  std::uint64_t size = 0;
};
struct PassBuffer {
  static constexpr chi::Method kMethod{6, "pass_buffer", chi::Access::read};
  using Reply = SizeReply;
  chi::Buffer buffer;
};

// No fields, and nothing to do: what a call costs, for a plain function and for a coroutine that never waits.
struct Null {
  static constexpr chi::Method kMethod{7, "null", chi::Access::read};
  using Reply = Nothing;
};
struct NullCoroutine {
  static constexpr chi::Method kMethod{8, "null_coroutine", chi::Access::read};
  using Reply = Nothing;
};

// Keeps the CPU busy for so long, awaiting nothing; 0: for ever, deaf to cancellation.
struct Spin {
  static constexpr chi::Method kMethod{9, "spin", chi::Access::read};
  using Reply = Nothing;
  std::uint64_t microseconds = 0;
};

// Sleeps so long, and lets others run. Ends early, with `cancelled`, when nobody waits for it.
struct Nap {
  static constexpr chi::Method kMethod{10, "nap", chi::Access::read};
  using Reply = Nothing;
  std::uint64_t microseconds = 0;
};

// Spins, and then naps and spins so many times: a coroutine that computes between the things that it waits for.
struct Turns {
  static constexpr chi::Method kMethod{12, "turns", chi::Access::read};
  using Reply = Nothing;
  std::uint32_t naps = 1;
  std::uint64_t spin_microseconds = 0;
  std::uint64_t nap_microseconds = 0;
};

// Fails as it is told; `throws`: with an exception of that text.
struct Fail {
  static constexpr chi::Method kMethod{11, "fail", chi::Access::read};
  using Reply = Nothing;
  chi::Code code = chi::Code::internal;
  std::string text;
  bool throws = false;
};

}  // namespace small_message

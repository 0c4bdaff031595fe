// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a stream remembers of a call that it made: two cache lines for a small one, a Wide beside them for what is
// larger and yet travels inline, and an Extra for what only some calls have. Belongs to the stream's thread.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/bytes.h>
#include <chimaera/result.h>
#include <chimaera/task.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "shm/layout.h"

namespace chi::client {

struct PoolState;

struct Extra;
class Stream;

// Runs a continuation from the ready list.
struct Wakeup {
  chi_work work{};  // first: what runs it gets its address
  Extra* extra = nullptr;
  Stream* stream = nullptr;
};

// Reused from call to call, so that its memory is not asked for each time.
struct Extra {
  Extra() = default;
  Extra(const Extra&) = delete;
  Extra& operator=(const Extra&) = delete;
  ~Extra() {
    drop_held();
    drop_reply();
  }

  std::vector<chi_block*> held;     // a reference each, until the call is over
  std::vector<chi_buffer> buffers;  // of the reply, with a reference each
  Buffer body;                      // where the encoded fields are, when not inline
  Error error;                      // why the client ended the call by itself, or tries a second time
  detail::Continuation* continuation = nullptr;
  Wakeup wakeup;
  bool posted = false;
  bool orphaned = false;  // nobody needs it but the ready list

  void drop_held() noexcept {
    for (chi_block* block : held) detail::block_release(block);
    held.clear();
  }
  void drop_reply() noexcept {
    for (const chi_buffer& buffer : buffers) detail::block_release(buffer.block);
    buffers.clear();
    body = Buffer();
  }
};

// States of an entry, as bits. Free: none of them.
inline constexpr std::uint8_t kBusy = 1;         // a call has it
inline constexpr std::uint8_t kAnswered = 2;     // there is an answer
inline constexpr std::uint8_t kOver = 4;         // the daemon is done with the call and its buffers
inline constexpr std::uint8_t kDropped = 8;      // nobody will ask for the answer (any more)
inline constexpr std::uint8_t kRetried = 16;     // sent a second time
inline constexpr std::uint8_t kLocalError = 32;  // the answer is extra->error
inline constexpr std::uint8_t kRepeats = 64;     // periodic: not waited for by flush

inline constexpr std::uint32_t kInlineAnswer = shm::kCacheLine;

// The inline bytes of a request of several slots; later those of an answer beyond kInlineAnswer.
struct alignas(shm::kCacheLine) Wide {
  std::uint8_t bytes[std::max(shm::kMaxInlineRequest, shm::kMaxInlineReply)];
};

struct alignas(shm::kCacheLine) Entry {
  std::uint64_t sequence = 0;
  PoolState* pool = nullptr;
  std::uint64_t deadline_ns = 0;
  Extra* extra = nullptr;
  std::uint32_t answer_size = 0;
  std::uint16_t code = 0;
  std::uint8_t state = 0;
  std::uint8_t channel = 0;
  std::uint8_t reply_flags = 0;
  bool answer_inline = false;  // in `request`, which is not needed any more, or in the Wide

  // The request's first slot, for a second try; later the bytes of a small answer.
  shm::RequestSlot request;

  bool is(std::uint8_t bit) const noexcept { return (state & bit) != 0; }
  bool waits() const noexcept { return (state & (kBusy | kAnswered)) == kBusy; }

  std::uint8_t* bytes() noexcept { return reinterpret_cast<std::uint8_t*>(&request); }
};
static_assert(sizeof(Entry) == 2 * shm::kCacheLine);

}  // namespace chi::client

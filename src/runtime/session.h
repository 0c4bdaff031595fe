// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A client process as the daemon sees it: its credentials and the memory that both share.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/unique_fd.h"
#include "chimaera/abi.h"
#include "chimaera/domain.h"
#include "chimaera/result.h"
#include "runtime/memory_account.h"
#include "shm/arena.h"
#include "shm/layout.h"
#include "shm/segment.h"

namespace chi::runtime {

class Registration;

struct Credentials {
  std::uint32_t pid = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  // supplementary ones
};

// Usable from any thread. Kept alive by whoever still serves it; its memory also by every buffer that points into it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  static constexpr std::uint32_t kMaxSegments = 1024;
  static constexpr std::uint64_t kReplyArenaBytes = 4 << 20;

  // `socket`: for announcing reply arenas; the acceptor reads from it.
  Session(SessionId id, Credentials who, UniqueFd socket, std::uint64_t memory_limit);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  SessionId id() const noexcept { return id_; }
  const Credentials& credentials() const noexcept { return who_; }
  int socket() const noexcept { return socket_.get(); }
  std::uint64_t memory() const noexcept { return account_.used(); }

  // A new region of memory that counts against the limit, as it is mapped, while it lives; resource_exhausted when it
  // does not fit. The session outlives it.
  struct Counted {
    MemoryAccount::Part part;  // goes after the memory
    shm::Segment memory;
  };
  Result<Counted> create_segment(const char* name, std::uint64_t size);

  // A new arena whose space the client manages.
  struct NewArena {
    std::uint32_t segment;
    std::uint64_t size;
    UniqueFd fd;  // to be sent
  };
  Result<NewArena> add_client_arena(std::uint64_t size);

  // The bytes that a descriptor names, without a reference (valid while the session is); false when it does not lie
  // within one of this session's arenas.
  bool resolve(const shm::BufferDescriptor& descriptor, chi_buffer& out) const noexcept;

  // That of the arena in which a buffer with this block lies; null where it is no session's.
  static Registration* registration_of(chi_block* block) noexcept;

  // Space in a reply arena, which is made and announced when needed; the caller has the one reference.
  Result<chi_buffer> allocate_reply(std::uint64_t size);

  // Hands a buffer from allocate_reply, with its only reference, over to the client; from then on it is the client's to
  // release. False, and nothing done, when it is no such buffer, or somebody else has a reference too.
  bool hand_over(const chi_buffer& buffer, shm::BufferDescriptor& out);

  // The client no longer uses this reply buffer. What it says wrongly is ignored: returns false.
  bool release(const shm::BufferDescriptor& descriptor);

 private:
  struct SharedArena;
  struct ReplyBlock;
  static void dispose_arena(chi_block* block);
  static void dispose_reply(chi_block* block);

  Result<std::unique_ptr<SharedArena>> make_arena(const char* name, std::uint64_t size);
  SharedArena* add_arena(std::unique_ptr<SharedArena> arena);
  Result<SharedArena*> add_reply_arena(std::uint64_t at_least);
  SharedArena* find_arena(std::uint32_t segment) const noexcept;

  const SessionId id_;
  const Credentials who_;
  const UniqueFd socket_;
  MemoryAccount account_;
  std::array<std::atomic<SharedArena*>, kMaxSegments> arenas_{};
  std::mutex mutex_;  // of what follows, and the allocators in the arenas
  std::uint32_t arena_count_ = 0;
  std::vector<SharedArena*> reply_arenas_;
};

// One client thread's rings.
struct ClientStream {
  SessionId id = 0;  // of its calls
  std::shared_ptr<Session> session;
  MemoryAccount::Part part;  // of the session's memory
  shm::Segment memory;

  shm::Stream& shared() const noexcept { return *reinterpret_cast<shm::Stream*>(memory.data()); }
};

}  // namespace chi::runtime

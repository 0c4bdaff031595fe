// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The memory of a session.
#include "runtime/session.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "base/file.h"
#include "chimaera/bytes.h"
#include "runtime/frame_pool.h"
#include "runtime/places.h"
#include "runtime/registration.h"
#include "shm/packet.h"

namespace chi::runtime {
namespace {

constexpr std::uint64_t kMaxDescriptor = 0xffffffff;

}  // namespace

// Lives until the session and the last buffer in it have let go. It is the session's that it counts, and that alone:
// `part` ends with the session.
struct Session::SharedArena : chi_block {
  explicit SharedArena(Counted made)
      : part(std::move(made.part)), memory(std::move(made.memory)), registration(memory.data(), memory.size()) {}
  MemoryAccount::Part part;
  shm::Segment memory;
  Registration registration;
  std::uint32_t segment = 0;
  std::unique_ptr<shm::Arena> space;  // of a reply arena; guarded by the session's mutex
};

// One buffer of a reply arena, as long as somebody here refers to it.
struct Session::ReplyBlock : chi_block, Pooled {
  std::shared_ptr<Session> session;
  SharedArena* arena = nullptr;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool handed_over = false;
};

Session::Session(SessionId id, Credentials who, UniqueFd socket, std::uint64_t memory_limit)
    : id_(id), who_(std::move(who)), socket_(std::move(socket)), account_(memory_limit) {}

Session::~Session() {
  for (std::uint32_t i = 0; i < arena_count_; ++i) {
    SharedArena* arena = arenas_[i].load(std::memory_order_acquire);
    arena->part = {};
    detail::block_release(arena);
  }
}

void Session::dispose_arena(chi_block* block) { delete static_cast<SharedArena*>(block); }

void Session::dispose_reply(chi_block* block) {
  auto* reply = static_cast<ReplyBlock*>(block);
  if (!reply->handed_over) {
    std::lock_guard lock(reply->session->mutex_);
    reply->arena->space->free(reply->offset, reply->size);
  }
  delete reply;
}

Registration* Session::registration_of(chi_block* block) noexcept {
  if (!block) return nullptr;
  if (block->dispose == dispose_arena) return &static_cast<SharedArena*>(block)->registration;
  if (block->dispose == dispose_reply) return &static_cast<ReplyBlock*>(block)->arena->registration;
  return nullptr;
}

Result<Session::Counted> Session::create_segment(const char* name, std::uint64_t size) {
  const std::uint64_t limit = account_.limit();
  auto part = size <= limit ? account_.take(shm::Segment::mapped_size(size)) : std::nullopt;
  if (!part) {
    return Error{Code::resource_exhausted,
                 "the session shares " + std::to_string(account_.used()) + " bytes, and with " + std::to_string(size) +
                     " more it would be above its limit of " + std::to_string(limit) +
                     ": release buffers, or raise session.memory_limit in the daemon's configuration",
                 kSession};
  }
  auto memory = shm::Segment::create(name, size);
  if (!memory) return std::move(memory).error();
  invariant(memory->size() == part->bytes(), "a session's memory is not what was counted");
  return Counted{*std::move(part), *std::move(memory)};
}

Session::SharedArena* Session::find_arena(std::uint32_t segment) const noexcept {
  return segment < kMaxSegments ? arenas_[segment].load(std::memory_order_acquire) : nullptr;
}

// Under the mutex, as add_arena. Nobody else knows of it before it is added.
Result<std::unique_ptr<Session::SharedArena>> Session::make_arena(const char* name, std::uint64_t size) {
  if (arena_count_ == kMaxSegments) {
    return Error{Code::resource_exhausted, "a session has at most " + std::to_string(kMaxSegments) + " arenas",
                 kSession};
  }
  if (size == 0) return Error{Code::resource_exhausted, "an arena of no bytes", kSession};
  auto made = create_segment(name, size);
  if (!made) return std::move(made).error();
  auto arena = std::make_unique<SharedArena>(*std::move(made));
  arena->references = 1;
  arena->dispose = dispose_arena;
  arena->segment = arena_count_;
  return arena;
}

Session::SharedArena* Session::add_arena(std::unique_ptr<SharedArena> arena) {
  arena->memory.close_fd();
  arenas_[arena_count_].store(arena.get(), std::memory_order_release);
  ++arena_count_;
  return arena.release();
}

Result<Session::NewArena> Session::add_client_arena(std::uint64_t size) {
  std::lock_guard lock(mutex_);
  auto arena = make_arena("chimaera-arena", size);
  if (!arena) return std::move(arena).error();
  UniqueFd copy(::fcntl((*arena)->memory.fd(), F_DUPFD_CLOEXEC, 0));
  if (!copy) {
    return Error{errno_code(errno),
                 "no descriptor for an arena (" + errno_text(errno) + "); raise the daemon's limit (ulimit -n)",
                 kSession};
  }
  const SharedArena* added = add_arena(*std::move(arena));
  return NewArena{added->segment, added->memory.size(), std::move(copy)};
}

// A client that does not read its socket gets no large replies, and no memory is kept for those that it did not get.
Result<Session::SharedArena*> Session::add_reply_arena(std::uint64_t at_least) {
  const std::uint64_t rounded = (at_least + kReplyArenaBytes - 1) / kReplyArenaBytes * kReplyArenaBytes;
  auto arena = make_arena("chimaera-reply", rounded);
  if (!arena) return std::move(arena).error();
  (*arena)->space = std::make_unique<shm::Arena>(rounded);
  shm::Record record;
  record.packet = static_cast<std::uint32_t>(shm::Packet::reply_arena);
  record.segment = (*arena)->segment;
  record.size = (*arena)->memory.size();
  const int fd = (*arena)->memory.fd();
  if (auto sent = shm::send_packet(socket_.get(), record, {&fd, 1}, 0); !sent) return std::move(sent).error();
  reply_arenas_.push_back(add_arena(*std::move(arena)));
  return reply_arenas_.back();
}

bool Session::resolve(const shm::BufferDescriptor& descriptor, chi_buffer& out) const noexcept {
  SharedArena* arena = find_arena(descriptor.segment);
  if (!arena || !arena->memory.contains(descriptor.offset, descriptor.size)) return false;
  out = {arena->memory.data() + descriptor.offset, descriptor.size, arena};
  return true;
}

Result<chi_buffer> Session::allocate_reply(std::uint64_t size) {
  if (size > kMaxDescriptor) {
    return Error{Code::invalid_argument, "a reply buffer of more than 4 GiB; split the request", kSession};
  }
  std::lock_guard lock(mutex_);
  SharedArena* arena = nullptr;
  std::optional<std::uint64_t> offset;
  for (SharedArena* candidate : reply_arenas_) {
    offset = candidate->space->allocate(size);
    arena = candidate;
    if (offset) break;
  }
  if (!offset) {
    auto added = add_reply_arena(std::max<std::uint64_t>(size, 1));
    if (!added) return std::move(added).error();
    arena = *added;
    offset = arena->space->allocate(size);
    if (!offset) return Error{Code::internal, "a fresh reply arena has no room", kSession};
  }
  auto* block = new ReplyBlock;
  block->references = 1;
  block->reserved = 0;
  block->dispose = dispose_reply;
  block->session = shared_from_this();
  block->arena = arena;
  block->offset = *offset;
  block->size = size;
  return chi_buffer{arena->memory.data() + *offset, size, block};
}

bool Session::hand_over(const chi_buffer& buffer, shm::BufferDescriptor& out) {
  if (!buffer.block || buffer.block->dispose != dispose_reply) return false;
  auto* reply = static_cast<ReplyBlock*>(buffer.block);
  bool whole = buffer.data == reply->arena->memory.data() + reply->offset && buffer.size == reply->size;
  if (reply->session.get() != this || !whole || reply->handed_over) return false;
  if (__atomic_load_n(&reply->references, __ATOMIC_ACQUIRE) != 1) return false;
  reply->handed_over = true;
  out = {reply->arena->segment, static_cast<std::uint32_t>(reply->size), reply->offset};
  return true;
}

bool Session::release(const shm::BufferDescriptor& descriptor) {
  SharedArena* arena = find_arena(descriptor.segment);
  if (!arena) return false;
  std::lock_guard lock(mutex_);
  return arena->space && arena->space->free(descriptor.offset, descriptor.size);
}

}  // namespace chi::runtime

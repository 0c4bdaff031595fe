// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Block devices: memory, files and raw devices as pools. What callers see; config.h: how a pool is set up, stat.h: what
// it tells of itself, volume.h: reading and writing from a program, of one container or of many.
//
//   auto disk = client.pool("disk");
//   auto space = disk.call<bdev::Allocate>(1 << 20).get().value().extents;
//   disk.call<bdev::Write>(space[0].offset, data).get();     // `data`: of Client::allocate, and nobody copies it
//   disk.call<bdev::Flush>().get();                          // survives from now on whatever is killed
//   auto reply = disk.call<bdev::Read>(space[0].offset, 4096).get();
//
// Offsets and sizes are bytes, of the whole volume, whichever container is called: one that a part does not belong to
// passes it on. Only allocated space can be read and written; what was not written since it was allocated is zero.
// A range may begin and end anywhere, but whole blocks in memory that begins at a page are the fast way.
//
// A write is there for every read that begins after its reply, and after a crash once a Flush that began after its
// reply has ended. One that fails, or that a crash cuts short, leaves each block old or new or, within a block, part of
// both. Writes that overlap are done one after the other; reads never see the middle of one, within one container.
// Failures: invalid_argument (a range outside of the volume, nothing to do), failed_precondition (space that is not
// allocated), resource_exhausted (no space: the text names what is free), data_loss (the device failed, or gave other
// bytes than were written); with each of them nothing else has changed.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/method.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace bdev {

inline constexpr std::uint64_t kMaxTransfer = std::uint64_t{1} << 30;  // bytes of one request
inline constexpr std::uint64_t kMaxSegments = 48;                      // of write_v and read_v

struct Nothing {};

struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Space for `size` bytes, rounded up to blocks, in as few extents as there can be, and in at most `max_extents`, if
// that is given and not 0. `owner` is the caller's own number (0), by which it finds its space again (Extents). Durable
// with the reply.
// Volumes that are disks, and pools of several containers, have all their space allocated from the start.
struct AllocateReply {
  std::vector<Extent> extents;
};
struct Allocate {
  static constexpr chi::Method kMethod{1, "allocate", chi::Access::write};
  using Reply = AllocateReply;
  std::uint64_t size = 0;
  std::optional<std::uint32_t> max_extents;
  std::optional<std::uint64_t> owner;
};

// Gives space back, whole extents or parts of them in whole blocks; all of the list or nothing. Durable with the reply.
struct FreeReply {
  std::uint64_t size = 0;
};
struct Free {
  static constexpr chi::Method kMethod{2, "free", chi::Access::write};
  using Reply = FreeReply;
  std::vector<Extent> extents;
};

// What is allocated to `owner`, or to all, in order of offsets, from `from` on: at most 10,000. The next ones: again,
// from the end of the last.
struct OwnedExtent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t owner = 0;
};
struct ExtentsReply {
  std::vector<OwnedExtent> extents;
  bool more = false;
};
struct Extents {
  static constexpr chi::Method kMethod{3, "extents", chi::Access::read};
  using Reply = ExtentsReply;
  std::optional<std::uint64_t> from;
  std::optional<std::uint64_t> owner;
};

struct SizeReply {
  std::uint64_t size = 0;  // bytes that were written, or made zero
};
struct Write {
  static constexpr chi::Method kMethod{4, "write", chi::Access::write};
  using Reply = SizeReply;
  std::uint64_t offset = 0;
  chi::Bytes data;
};

// Into memory of the caller's session, which the reply hands over.
struct ReadReply {
  chi::Bytes data;
};
struct Read {
  static constexpr chi::Method kMethod{5, "read", chi::Access::read};
  using Reply = ReadReply;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Into the caller's own memory, all of it.
struct ReadInto {
  static constexpr chi::Method kMethod{6, "read_into", chi::Access::read};
  using Reply = SizeReply;
  std::uint64_t offset = 0;
  chi::Buffer target;
};

// Several ranges at once, each with memory of its own, in no order. None of write_v may overlap another. A failure says
// nothing of the others.
struct Piece {
  std::uint64_t offset = 0;
  chi::Buffer memory;
};
struct WriteV {
  static constexpr chi::Method kMethod{7, "write_v", chi::Access::write};
  using Reply = SizeReply;
  std::vector<Piece> pieces;
};
struct ReadV {
  static constexpr chi::Method kMethod{8, "read_v", chi::Access::read};
  using Reply = SizeReply;
  std::vector<Piece> pieces;
};

// Makes durable what was written, in all containers.
struct Flush {
  static constexpr chi::Method kMethod{9, "flush", chi::Access::write};
  static constexpr chi::Route kRoute = chi::Route::all();
  using Reply = Nothing;
  static void merge(Nothing&, Nothing&&) {}
};

// Makes a range zero; trim also lets the device have the space of its whole blocks back. Every container does its part.
struct Trim {
  static constexpr chi::Method kMethod{10, "trim", chi::Access::write};
  static constexpr chi::Route kRoute = chi::Route::all();
  using Reply = SizeReply;
  static void merge(SizeReply& into, SizeReply&& from) { into.size += from.size; }
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};
struct Zero {
  static constexpr chi::Method kMethod{11, "zero", chi::Access::write};
  static constexpr chi::Route kRoute = chi::Route::all();
  using Reply = SizeReply;
  static void merge(SizeReply& into, SizeReply&& from) { into.size += from.size; }
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

}  // namespace bdev

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Requests in their parts: a container does its own, and passes on what belongs to others of the pool.
#include <algorithm>
#include <string>
#include <utility>

#include "container.h"

namespace bdev {

chi::Error BlockDevice::too_large(std::uint64_t size) {
  return {
      chi::Code::invalid_argument,
      "a request of " + std::to_string(size) + " bytes; one has at most " + std::to_string(kMaxTransfer) + ": split it",
      {}};
}

chi::Status BlockDevice::check(const Range& range) const {
  if (range.size == 0) return chi::Error{chi::Code::invalid_argument, "the size is 0: there is nothing to do", {}};
  if (range.offset < stripe_.size() && range.size <= stripe_.size() - range.offset) return {};
  return chi::Error{chi::Code::invalid_argument,
                    "the range of " + std::to_string(range.size) + " bytes at " + std::to_string(range.offset) +
                        " is not in the volume, which has " + std::to_string(stripe_.size()) + " bytes",
                    {}};
}

chi::Task<chi::Result<SizeReply>> BlockDevice::make_zero(std::uint64_t offset, std::uint64_t size, bool release) {
  const Range all{offset, size};
  chi::Status good = check(all);
  if (!good.ok()) co_return std::move(good).error();
  const std::uint64_t begin = stripe_.local(index(), offset);
  const Range own{begin, stripe_.local(index(), all.end()) - begin};
  if (own.size == 0) co_return SizeReply();
  auto done = co_await device_->zero(own, release);
  if (!done.ok()) co_return std::move(done).error();
  co_return SizeReply{own.size};
}

// Where it begins in this container, if all of it lies here.
std::optional<std::uint64_t> BlockDevice::own_part(const Range& range) const {
  if (stripe_.members == 1) return range.offset;
  if (!check(range).ok() || stripe_.member_of(range.offset) != index()) return std::nullopt;
  if (stripe_.piece(range.offset, range.size) < range.size) return std::nullopt;
  return stripe_.local(index(), range.offset);
}

// All of a read or write. What it mostly is, it does without a frame but its own: each costs as much as a good part of
// what the kernel does. `memory` is the request's, or its handler's: who counts references to it waits, at each, for
// what was copied to arrive in memory.
chi::Task<chi::Result<SizeReply>> BlockDevice::serve(Meter& meter, const chi::Buffer& memory, std::uint64_t offset,
                                                     bool write) {
  Meter::Run run(meter);
  const std::size_t size = memory.size();
  if (size > kMaxTransfer) co_return too_large(size);
  std::optional<chi::Status> done;
  std::optional<Device::Started> started;
  const std::optional<std::uint64_t> own = own_part({offset, size});
  if (own) done = write ? device_->write_now(memory, *own) : device_->read_now(memory, *own);
  if (own && !done) started = device_->start(memory, *own, write);
  if (started) {
    auto moved = co_await started->transfer.moved;
    const Range range{*own, size};
    done = device_->ended(moved, range, write);
    if (!done) {
      auto rest = co_await device_->finish(*std::move(started), *moved, memory, *own, write);
      done = std::move(rest);
    }
  }
  if (!done) {
    auto all = co_await transfer(memory, offset, write);
    done = std::move(all);
  }
  if (!done->ok()) co_return std::move(*done).error();
  run.done(size);
  co_return SizeReply{size};
}

// Of one container at once; of several in their parts.
chi::Task<chi::Status> BlockDevice::transfer(chi::Buffer memory, std::uint64_t offset, bool write) {
  if (stripe_.members != 1) return transfer_parts(std::move(memory), offset, write);
  return write ? device_->write(std::move(memory), offset) : device_->read(std::move(memory), offset);
}

chi::Task<chi::Status> BlockDevice::transfer_parts(chi::Buffer memory, std::uint64_t offset, bool write) {
  const Range all{offset, memory.size()};
  chi::Status good = check(all);
  if (!good.ok()) co_return good;
  std::vector<chi::Task<chi::Status>> parts;
  for (std::uint64_t done = 0; done < all.size;) {
    const std::uint64_t piece = stripe_.piece(offset + done, all.size - done);
    parts.push_back(transfer_part(memory.slice(done, piece), offset + done, write));
    done += piece;
  }
  auto ends = co_await chi::when_all(std::move(parts));
  for (chi::Status& end : ends) {
    if (!end.ok()) co_return std::move(end);
  }
  co_return chi::Status();
}

// Within one chunk: here, or by the container that has it, which works in the same memory.
chi::Task<chi::Status> BlockDevice::transfer_part(chi::Buffer memory, std::uint64_t offset, bool write) {
  const std::uint32_t member = stripe_.member_of(offset);
  if (member == index()) {
    const std::uint64_t own = stripe_.local(member, offset);
    auto part = write ? device_->write(std::move(memory), own) : device_->read(std::move(memory), own);
    co_return co_await part;
  }
  const chi::PoolRef there = self().on(chi::container(member));
  auto call = write ? there.call<Write>(offset, chi::Bytes::from(std::move(memory)))
                    : there.call<ReadInto>(offset, std::move(memory));
  auto reply = co_await call;
  if (!reply.ok()) co_return std::move(reply).error();
  co_return chi::Status();
}

chi::Status BlockDevice::check_apart(const std::vector<Piece>& pieces) {
  if (pieces.empty()) return chi::Error{chi::Code::invalid_argument, "there is no piece: nothing to do", {}};
  std::vector<Range> ranges;
  ranges.reserve(pieces.size());
  for (const Piece& piece : pieces) ranges.push_back({piece.offset, piece.memory.size()});
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.offset < b.offset; });
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].offset - ranges[i - 1].offset >= ranges[i - 1].size) continue;
    return chi::Error{chi::Code::invalid_argument,
                      "two pieces overlap at " + std::to_string(ranges[i].offset) + ": which of them is to stay?",
                      {}};
  }
  return {};
}

chi::Result<SizeReply> BlockDevice::sum_up(const std::vector<Piece>& pieces, std::vector<chi::Status>& ends,
                                           Meter::Run& run) {
  SizeReply reply;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!ends[i].ok()) return std::move(ends[i]).error();
    reply.size += pieces[i].memory.size();
  }
  run.done(reply.size);
  return reply;
}

}  // namespace bdev

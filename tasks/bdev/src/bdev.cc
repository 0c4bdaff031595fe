// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The module: a handler for each request. device.h: this container's part of the volume; stripe.h: which that is.
#include <bdev/bdev.h>
#include <bdev/stat.h>
#include <bdev/stripe.h>
#include <chimaera/module.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aligned.h"
#include "bdev_format/check.h"
#include "device.h"
#include "meter.h"

namespace bdev {

namespace {

constexpr std::size_t kMaxListed = 10'000;

chi::Error too_large(std::uint64_t size) {
  return {
      chi::Code::invalid_argument,
      "a request of " + std::to_string(size) + " bytes; one has at most " + std::to_string(kMaxTransfer) + ": split it",
      {}};
}

chi::Error all_allocated() {
  return {chi::Code::failed_precondition,
          "a volume of several containers has all of its space allocated: use it, or trim it",
          {}};
}

std::vector<Range> ranges_of(const std::vector<Extent>& extents) {
  std::vector<Range> out;
  for (const Extent& extent : extents) out.push_back({extent.offset, extent.size});
  return out;
}

}  // namespace

class BlockDevice : public chi::Container<> {
 public:
  using Config = bdev::Config;

  chi::Status open(const Config& config) {
    const auto warn = [this](const std::string& text) { log(chi::Severity::warning, text); };
    const Outside outside{io(), warn, owner_uid() == 0 || owner_uid() == ::geteuid()};
    chi::Result<OpenVolume> opened = open_volume(config, index(), count(), outside);
    if (!opened.ok()) return std::move(opened).error();
    device_ = std::make_unique<Device>(*std::move(opened), std::clamp(config.queue_depth, 1u, 65'536u));
    const Geometry& geometry = device_->header().geometry;
    stripe_ = {geometry.members, geometry.chunk, geometry.data_size};
    return device_->prepare();
  }

  chi::Task<chi::Result<AllocateReply>> on(const Allocate& request) {
    Meter::Run run(meters_.allocate);
    if (count() > 1) co_return all_allocated();
    const std::uint64_t parts = request.max_extents == 0 ? UINT64_MAX : request.max_extents;
    auto taken = co_await device_->allocate(request.size, parts, request.owner);
    if (!taken.ok()) co_return std::move(taken).error();
    AllocateReply reply;
    for (const Range& range : *taken) reply.extents.push_back({range.offset, range.size});
    run.done();
    co_return reply;
  }

  chi::Task<chi::Result<FreeReply>> on(const Free& request) {
    Meter::Run run(meters_.free);
    if (request.extents.empty()) {
      co_return chi::Error{chi::Code::invalid_argument, "there is no extent to free", {}};
    }
    if (count() > 1) co_return all_allocated();
    if (device_->header().geometry.disk) {
      co_return chi::Error{chi::Code::failed_precondition, "a disk keeps all of its space: trim it", {}};
    }
    auto freed = co_await device_->free(ranges_of(request.extents));
    if (!freed.ok()) co_return std::move(freed).error();
    FreeReply reply;
    for (const Extent& extent : request.extents) reply.size += extent.size;
    run.done();
    co_return reply;
  }

  chi::Result<ExtentsReply> on(const Extents& request) {
    ExtentsReply reply;
    const std::vector<Allocated> found = device_->map().list(request.from, request.owner, kMaxListed + 1);
    for (const Allocated& each : found) {
      if (reply.extents.size() == kMaxListed) break;
      reply.extents.push_back({each.range.offset, each.range.size, each.owner});
    }
    reply.more = found.size() > kMaxListed;
    return reply;
  }

  chi::Task<chi::Result<SizeReply>> on(const Write& request) {
    Meter::Run run(meters_.write);
    if (request.data.size() > kMaxTransfer) co_return too_large(request.data.size());
    auto written = co_await transfer(request.data.region(), request.offset, true);
    if (!written.ok()) co_return std::move(written).error();
    run.done(request.data.size());
    co_return SizeReply{request.data.size()};
  }

  chi::Task<chi::Result<ReadReply>> on(const Read& request, chi::Call& call) {
    Meter::Run run(meters_.read);
    if (request.size > kMaxTransfer) co_return too_large(request.size);
    const Range range{request.offset, request.size};
    chi::Status good = check(range);  // before there is memory for it
    if (!good.ok()) co_return std::move(good).error();
    chi::Result<chi::Buffer> memory = call.allocate_buffer(request.size);
    if (!memory.ok()) co_return std::move(memory).error();
    auto got = co_await transfer(*memory, request.offset, false);
    if (!got.ok()) co_return std::move(got).error();
    run.done(request.size);
    co_return ReadReply{chi::Bytes::from(*std::move(memory))};
  }

  chi::Task<chi::Result<SizeReply>> on(const ReadInto& request) {
    Meter::Run run(meters_.read);
    if (request.target.size() > kMaxTransfer) co_return too_large(request.target.size());
    auto got = co_await transfer(request.target, request.offset, false);
    if (!got.ok()) co_return std::move(got).error();
    run.done(request.target.size());
    co_return SizeReply{request.target.size()};
  }

  chi::Task<chi::Result<SizeReply>> on(const WriteV& request) {
    Meter::Run run(meters_.write);
    chi::Status good = check_apart(request.pieces);
    if (!good.ok()) co_return std::move(good).error();
    std::vector<chi::Task<chi::Status>> parts;
    for (const Piece& piece : request.pieces) parts.push_back(transfer(piece.memory, piece.offset, true));
    auto ends = co_await chi::when_all(std::move(parts));
    co_return sum_up(request.pieces, ends, run);
  }

  chi::Task<chi::Result<SizeReply>> on(const ReadV& request) {
    Meter::Run run(meters_.read);
    std::vector<chi::Task<chi::Status>> parts;
    for (const Piece& piece : request.pieces) parts.push_back(transfer(piece.memory, piece.offset, false));
    auto ends = co_await chi::when_all(std::move(parts));
    co_return sum_up(request.pieces, ends, run);
  }

  chi::Task<chi::Result<Nothing>> on(const Flush&) {
    Meter::Run run(meters_.flush);
    auto flushed = co_await device_->flush();
    if (!flushed.ok()) co_return std::move(flushed).error();
    run.done();
    co_return Nothing();
  }

  chi::Task<chi::Result<SizeReply>> on(const Trim& request) {
    Meter::Run run(meters_.trim);
    auto done = co_await make_zero(request.offset, request.size, true);
    if (done.ok()) run.done(done->size);
    co_return done;
  }

  chi::Task<chi::Result<SizeReply>> on(const Zero& request) {
    Meter::Run run(meters_.zero);
    auto done = co_await make_zero(request.offset, request.size, false);
    if (done.ok()) run.done(done->size);
    co_return done;
  }

  chi::Result<StatReply> on(const Stat&);
  chi::Task<chi::Result<CheckReply>> on(const Check&);

 private:
  struct Meters {
    Meter allocate, free, write, read, flush, trim, zero;
  };

  chi::Status check(const Range& range) const;
  chi::Task<chi::Result<SizeReply>> make_zero(std::uint64_t offset, std::uint64_t size, bool release);
  chi::Task<chi::Status> transfer(chi::Buffer memory, std::uint64_t offset, bool write);
  chi::Task<chi::Status> transfer_parts(chi::Buffer memory, std::uint64_t offset, bool write);
  chi::Task<chi::Status> transfer_part(chi::Buffer memory, std::uint64_t offset, bool write);
  static chi::Status check_apart(const std::vector<Piece>& pieces);
  static chi::Result<SizeReply> sum_up(const std::vector<Piece>& pieces, std::vector<chi::Status>& ends,
                                       Meter::Run& run);
  chi::Task<chi::Status> load(std::vector<std::uint8_t>& into, std::uint64_t offset, std::uint64_t size);

  std::unique_ptr<Device> device_;
  Stripe stripe_;
  Meters meters_;
};

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
  std::vector<Range> ranges;
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

chi::Result<StatReply> BlockDevice::on(const Stat&) {
  const Geometry& geometry = device_->header().geometry;
  const BackendInfo& backend = device_->backend().info();
  MemberStats out;
  out.index = index();
  out.count = count();
  out.backend = backend.name;
  out.uuid = to_string(device_->header().uuid);
  out.direct = backend.direct;
  out.persistent = backend.persistent;
  out.block_size = geometry.block_size;
  out.checksums = geometry.checksums;
  out.disk = geometry.disk;
  out.chunk = geometry.chunk;
  out.size = geometry.data_size;
  out.free = device_->map().free();
  out.largest_free = device_->map().largest_free();
  out.extents = device_->map().extents();
  out.generation = device_->map_log().generation();
  out.in_flight = device_->transfers().in_flight();
  out.operations = {meters_.allocate.stats("allocate"), meters_.free.stats("free"),   meters_.write.stats("write"),
                    meters_.read.stats("read"),         meters_.flush.stats("flush"), meters_.trim.stats("trim"),
                    meters_.zero.stats("zero")};
  return StatReply{{std::move(out)}};
}

chi::Task<chi::Status> BlockDevice::load(std::vector<std::uint8_t>& into, std::uint64_t offset, std::uint64_t size) {
  const chi::Buffer memory = aligned_buffer(size);
  auto got = co_await device_->transfers().read(memory, offset);
  if (got.ok()) into.assign(memory.data(), memory.data() + size);
  co_return got;
}

// What is read while the map changes may be of two states: then it is read again.
chi::Task<chi::Result<CheckReply>> BlockDevice::on(const Check&) {
  const Header& header = device_->header();
  for (;;) {
    const std::uint64_t generation = device_->map_log().generation();
    Image image;
    auto done = co_await load(image.first, 0, kPage);
    if (done.ok()) {
      auto more = co_await load(image.second, header.second(), kPage);
      done = std::move(more);
    }
    for (unsigned slot = 0; slot < 2 && done.ok(); ++slot) {
      std::vector<std::uint8_t>& bytes = image.slots[slot];
      auto more = co_await load(bytes, header.map_slot(slot), header.map_slot_size);
      done = std::move(more);
    }
    if (!done.ok()) co_return std::move(done).error();
    if (generation != device_->map_log().generation()) continue;
    CheckReport report = examine(pool_name() + "/" + std::to_string(index()), image);
    if (report.generation != generation && report.problems.empty()) {
      report.problems.push_back("the map on the device is another one than that in memory");
    }
    CheckReply reply;
    reply.reports.push_back(std::move(report));
    co_return reply;
  }
}

}  // namespace bdev

CHI_EXPORT_MODULE(bdev::BlockDevice, bdev::Allocate, bdev::Free, bdev::Extents, bdev::Write, bdev::Read, bdev::ReadInto,
                  bdev::WriteV, bdev::ReadV, bdev::Flush, bdev::Trim, bdev::Zero, bdev::Stat, bdev::Check)

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The module: opening, and the handlers of requests about data.
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "container.h"

namespace bdev {

chi::Status BlockDevice::open(const Config& config) {
  const auto warn = [this](const std::string& text) { log(chi::Severity::warning, text); };
  const Outside outside{io(), warn, owner_uid() == 0 || owner_uid() == ::geteuid()};
  chi::Result<OpenVolume> opened = open_volume(config, index(), count(), outside);
  if (!opened.ok()) return std::move(opened).error();
  device_ = std::make_unique<Device>(*std::move(opened), std::clamp(config.queue_depth.value_or(128), 1u, 65'536u));
  const Geometry& geometry = device_->header().geometry;
  stripe_ = {geometry.members, geometry.chunk, geometry.data_size};
  return device_->prepare();
}

chi::Task<chi::Result<SizeReply>> BlockDevice::on(const Write& request) {
  return serve(meters_.write, request.data.region(), request.offset, true);
}

chi::Task<chi::Result<SizeReply>> BlockDevice::on(const ReadInto& request) {
  return serve(meters_.read, request.target, request.offset, false);
}

chi::Task<chi::Result<ReadReply>> BlockDevice::on(const Read& request, chi::Call& call) {
  const Range range{request.offset, request.size};
  chi::Status good = request.size > kMaxTransfer ? too_large(request.size) : check(range);
  chi::Result<chi::Buffer> memory = good.ok() ? call.allocate_buffer(request.size) : std::move(good).error();
  if (!memory.ok()) {
    const Meter::Run failed(meters_.read);
    co_return std::move(memory).error();
  }
  auto got = co_await serve(meters_.read, *memory, request.offset, false);
  if (!got.ok()) co_return std::move(got).error();
  co_return ReadReply{chi::Bytes::from(*std::move(memory))};
}

chi::Task<chi::Result<SizeReply>> BlockDevice::on(const WriteV& request) {
  Meter::Run run(meters_.write);
  chi::Status good = check_apart(request.pieces);
  if (!good.ok()) co_return std::move(good).error();
  std::vector<chi::Task<chi::Status>> parts;
  parts.reserve(request.pieces.size());
  for (const Piece& piece : request.pieces) parts.push_back(transfer(piece.memory, piece.offset, true));
  auto ends = co_await chi::when_all(std::move(parts));
  co_return sum_up(request.pieces, ends, run);
}

chi::Task<chi::Result<SizeReply>> BlockDevice::on(const ReadV& request) {
  Meter::Run run(meters_.read);
  if (request.pieces.empty()) co_return chi::Error{chi::Code::invalid_argument, "there is no piece", {}};
  std::vector<chi::Task<chi::Status>> parts;
  parts.reserve(request.pieces.size());
  for (const Piece& piece : request.pieces) parts.push_back(transfer(piece.memory, piece.offset, false));
  auto ends = co_await chi::when_all(std::move(parts));
  co_return sum_up(request.pieces, ends, run);
}

chi::Task<chi::Result<Nothing>> BlockDevice::on(const Flush&) {
  Meter::Run run(meters_.flush);
  auto flushed = co_await device_->flush();
  if (!flushed.ok()) co_return std::move(flushed).error();
  run.done();
  co_return Nothing();
}

chi::Task<chi::Result<SizeReply>> BlockDevice::on(const Trim& request) {
  Meter::Run run(meters_.trim);
  auto done = co_await make_zero(request.offset, request.size, true);
  if (done.ok()) run.done(done->size);
  co_return done;
}

chi::Task<chi::Result<SizeReply>> BlockDevice::on(const Zero& request) {
  Meter::Run run(meters_.zero);
  auto done = co_await make_zero(request.offset, request.size, false);
  if (done.ok()) run.done(done->size);
  co_return done;
}

}  // namespace bdev

CHI_EXPORT_MODULE(bdev::BlockDevice, bdev::Allocate, bdev::Free, bdev::Extents, bdev::Write, bdev::Read, bdev::ReadInto,
                  bdev::WriteV, bdev::ReadV, bdev::Flush, bdev::Trim, bdev::Zero, bdev::Stat, bdev::Check)

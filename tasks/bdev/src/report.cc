// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the container tells of itself.
#include <string>
#include <utility>

#include "aligned.h"
#include "bdev_format/check.h"
#include "container.h"

namespace bdev {

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
    if (report.generation == generation + 1) {
      report.notes.push_back("a change of the map is being written, or one that failed has got there all the same");
    } else if (report.generation != generation && report.problems.empty()) {
      report.problems.push_back("the map on the device is another one than that in memory");
    }
    CheckReply reply;
    reply.reports.push_back(std::move(report));
    co_return reply;
  }
}

}  // namespace bdev

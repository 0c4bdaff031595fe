// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Handlers of requests about space.
#include <string>
#include <utility>

#include "container.h"

namespace bdev {
namespace {

constexpr std::size_t kMaxListed = 10'000;

chi::Error all_allocated() {
  return {chi::Code::failed_precondition,
          "a volume of several containers has all of its space allocated: use it, or trim it",
          {}};
}

std::vector<Range> ranges_of(const std::vector<Extent>& extents) {
  std::vector<Range> out;
  out.reserve(extents.size());
  for (const Extent& extent : extents) out.push_back({extent.offset, extent.size});
  return out;
}

}  // namespace

chi::Task<chi::Result<AllocateReply>> BlockDevice::on(const Allocate& request) {
  Meter::Run run(meters_.allocate);
  if (count() > 1) co_return all_allocated();
  const std::uint32_t most = request.max_extents.value_or(0);
  auto taken = co_await device_->allocate(request.size, most == 0 ? UINT64_MAX : most, request.owner.value_or(0));
  if (!taken.ok()) co_return std::move(taken).error();
  AllocateReply reply;
  for (const Range& range : *taken) reply.extents.push_back({range.offset, range.size});
  run.done();
  co_return reply;
}

chi::Task<chi::Result<FreeReply>> BlockDevice::on(const Free& request) {
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

chi::Result<ExtentsReply> BlockDevice::on(const Extents& request) {
  ExtentsReply reply;
  const std::vector<Allocated> found = device_->map().list(request.from.value_or(0), request.owner, kMaxListed + 1);
  for (const Allocated& each : found) {
    if (reply.extents.size() == kMaxListed) break;
    reply.extents.push_back({each.range.offset, each.range.size, each.owner});
  }
  reply.more = found.size() > kMaxListed;
  return reply;
}

}  // namespace bdev

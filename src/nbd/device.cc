// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements device.h.
#include "nbd/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace chi::nbd {
namespace {

Error no_disk(const std::string& pool) {
  return {Code::failed_precondition,
          fmt::format("'{0}' has space that is not allocated, or that is others': a disk can be exported, which is all "
                      "allocated from the start, as `chimaera pool create {0} -m bdev backend=file:/data/{0}?size=1G "
                      "disk=true` makes it, or a pool of several containers",
                      pool),
          {}};
}

// One session with one pool, and neither another session nor another pool of the name: each is looked at before it is
// used.
ConnectOptions once(ConnectOptions options) {
  options.reconnect = false;
  options.follow_pools = false;
  return options;
}

Result<Identity> identify(const Client& client, const std::string& pool) {
  auto stat = client.pool(pool).call<bdev::Stat>().get();
  if (!stat.ok()) return std::move(stat).error();
  auto& members = stat->members;
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  Identity out;
  for (const bdev::MemberStats& member : members) {
    if (!member.disk) return no_disk(pool);
    out.uuids.push_back(member.uuid);
    out.chunk = member.chunk;
  }
  return out;
}

// Another module may call one of its methods "stat", too.
Status check_module(const Client& client, const std::string& pool) {
  auto info = client.pool(pool).info();
  if (!info.ok()) return std::move(info).error();
  if (info->module == "bdev") return {};
  return {Code::failed_precondition,
          fmt::format("'{}' is a pool of the module {}; only block devices, of the module bdev, can be exported", pool,
                      info->module)};
}

}  // namespace

Result<Device> Device::open(const ConnectOptions& daemon, const std::string& pool) {
  auto client = Client::connect(once(daemon));
  if (!client.ok()) return std::move(client).error();
  if (auto good = check_module(*client, pool); !good.ok()) return std::move(good).error();
  auto identity = identify(*client, pool);
  if (!identity.ok()) return std::move(identity).error();
  auto volume = bdev::Volume::open(*client, pool);
  if (!volume.ok()) return std::move(volume).error();
  identity->size = volume->size();
  identity->block_size = volume->block_size();
  return Device(*std::move(client), *std::move(volume), *std::move(identity));
}

Result<Device> Device::open(const ConnectOptions& daemon, const std::string& pool, const Identity& wanted) {
  auto device = open(daemon, pool);
  if (device.ok() && device->identity() != wanted) {
    return Error{
        Code::failed_precondition,
        fmt::format("'{}' is not the volume any more that was exported; end this export and begin another", pool),
        {}};
  }
  return device;
}

}  // namespace chi::nbd

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The order in which a volume is made, so that a crash leaves either nothing that matters or a volume: a header that
// says "being made", all else, a sync, the second header, the first one anew.
#include "making.h"

#include <sys/random.h>

#include <algorithm>
#include <string>
#include <utility>

#include "bdev_format/map_slot.h"

namespace bdev {
namespace {

chi::Result<Uuid> new_uuid() {
  Uuid out{};
  if (::getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) {
    return chi::Error{chi::Code::unavailable, "the system has no random numbers yet: try again", {}};
  }
  out[6] = static_cast<std::uint8_t>((out[6] & 0x0f) | 0x40);
  out[8] = static_cast<std::uint8_t>((out[8] & 0x3f) | 0x80);
  return out;
}

chi::Status store_all(Backend& backend, Header& header, const AllocationMap& map) {
  header.ready = false;
  const bool blank = backend.size() == 0;
  chi::Status good = blank ? backend.resize(kPage) : chi::Status();
  if (good.ok()) good = backend.store(0, encode(header));
  if (good.ok()) good = backend.sync_now();
  if (good.ok()) good = backend.resize(header.total_size);
  if (good.ok() && !backend.info().fresh) {
    // What is allocated later is made zero then.
    const std::uint64_t end = header.geometry.disk ? header.second() : header.data_offset;
    good = backend.store_zeros({kPage, end - kPage});
  }
  for (std::uint64_t generation = 1; generation <= 2 && good.ok(); ++generation) {
    good = backend.store(header.map_slot(generation % 2), encode_slot(map, header.uuid, generation));
  }
  header.ready = true;
  const HeaderPage page = encode(header);
  if (good.ok()) good = backend.sync_now();
  if (good.ok()) good = backend.store(header.second(), page);
  if (good.ok()) good = backend.sync_now();
  if (good.ok()) good = backend.store(0, page);
  if (good.ok()) good = backend.sync_now();
  return good;
}

}  // namespace

chi::Result<Header> plan_new(const Config& config, std::uint64_t size, const BackendSpec& spec, const Backend& backend,
                             std::uint32_t index, std::uint32_t count) {
  Geometry geometry;
  geometry.block_size = config.block_size.value_or(4096);
  geometry.checksums = config.checksums.value_or(false);
  geometry.disk = config.disk.value_or(false) || count > 1;
  geometry.member = index;
  geometry.members = count;
  geometry.chunk = count > 1 ? config.chunk.value_or(1 << 20) : 0;
  if (count > 1 && geometry.chunk == 0) return chi::Error{chi::Code::invalid_argument, "chunk is 0", {}};
  if (spec.kind == BackendSpec::Kind::block && size == 0) return plan_for_device(geometry, backend.size());
  if (size == 0) {
    return chi::Error{chi::Code::invalid_argument,
                      "there is no volume in '" + spec.text + "' yet: say how large it is to be (size=...)",
                      {}};
  }
  const std::uint64_t unit = std::max<std::uint64_t>({geometry.block_size, geometry.chunk, 1});
  if (size > kMaxVolume) size = kMaxVolume + unit;  // refused by plan(), and no overflow here
  geometry.data_size = (size + unit - 1) / unit * unit;
  return plan(geometry);
}

chi::Result<OpenVolume> make_volume(std::unique_ptr<Backend> backend, Header header) {
  const chi::Result<Uuid> uuid = new_uuid();
  if (!uuid.ok()) return uuid.error();
  header.uuid = *uuid;
  AllocationMap map = empty_map(header);
  if (header.geometry.disk) map.add({{0, map.size()}, 0});
  if (!backend->info().fresh) map.set_used_end(map.size());
  chi::Status stored = store_all(*backend, header, map);
  if (!stored.ok()) return std::move(stored).error();
  backend->keep();
  return OpenVolume{std::move(backend), header, std::move(map), 2};
}

}  // namespace bdev

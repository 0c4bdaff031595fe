// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is there, and whether it may be opened, or written over.
#include "opening.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "backends.h"
#include "bdev_format/map_slot.h"
#include "making.h"

namespace bdev {
namespace {

using Bytes = std::vector<std::uint8_t>;

chi::Error refused(std::string text) { return {chi::Code::failed_precondition, std::move(text), {}}; }

chi::Result<Bytes> load(Backend& backend, std::uint64_t offset, std::uint64_t size) {
  Bytes out(size);
  chi::Status loaded = backend.load(offset, out);
  if (!loaded.ok()) return std::move(loaded).error();
  return out;
}

// Not found in a file that has no header: an empty one, one of something else, a device.
chi::Result<Headers> find_headers(Backend& backend) {
  if (backend.size() < 2 * kPage) {
    if (backend.size() == 0) return chi::Error{chi::Code::not_found, "there is nothing yet", {}};
    if (backend.size() < kPage) return chi::Error{chi::Code::not_found, "there is no volume's header", {}};
  }
  chi::Result<Bytes> first = load(backend, 0, kPage);
  if (!first.ok()) return std::move(first).error();
  const chi::Result<Header> header = decode_header(*first);
  const std::uint64_t end = header.ok() ? header->total_size : backend.size() / kPage * kPage;
  Bytes second;
  if (end <= backend.size() && end >= 2 * kPage) {
    chi::Result<Bytes> loaded = load(backend, end - kPage, kPage);
    if (!loaded.ok()) return std::move(loaded).error();
    second = *std::move(loaded);
  } else if (header.ok() && header->ready) {
    return chi::Error{chi::Code::data_loss,
                      "the file has " + std::to_string(backend.size()) + " bytes of the volume's " +
                          std::to_string(end) + ": it was cut short; restore it from a copy",
                      {}};
  }
  return choose(*first, second);
}

chi::Status agree(const Config& config, std::uint64_t size, const Header& header, std::uint32_t index,
                  std::uint32_t count) {
  const Geometry& there = header.geometry;
  if (there.members != count || there.member != index) {
    return refused("the volume is number " + std::to_string(there.member) + " of " + std::to_string(there.members) +
                   ", and the container number " + std::to_string(index) + " of " + std::to_string(count) +
                   ": give each container its own again");
  }
  if (size > there.data_size || (size != 0 && there.data_size - size >= std::max<std::uint64_t>(there.chunk, kPage))) {
    return refused("the volume has " + std::to_string(there.data_size) + " bytes, not " + std::to_string(size) +
                   ": leave the size away");
  }
  if (config.block_size && *config.block_size != there.block_size) {
    return refused("the volume has blocks of " + std::to_string(there.block_size) + " bytes: leave block_size away");
  }
  if (config.checksums && *config.checksums != there.checksums) {
    return refused(std::string("the volume has ") + (there.checksums ? "" : "no ") + "checksums, and was made so");
  }
  if (config.disk && count == 1 && *config.disk != there.disk) {
    return refused(std::string("the volume is ") + (there.disk ? "a" : "no") + " disk, and was made so");
  }
  return {};
}

// The newest map that is good. A slot is read as far as it says that it is used.
chi::Status load_map(OpenVolume& volume) {
  std::optional<chi::Error> damage;
  std::optional<AllocationMap> newest;
  for (unsigned slot = 0; slot < 2; ++slot) {
    const std::uint64_t at = volume.header.map_slot(slot);
    chi::Result<Bytes> bytes = load(*volume.backend, at, kPage);
    if (!bytes.ok()) return std::move(bytes).error();
    chi::Result<SlotHead> head = read_slot_head(volume.header, *bytes);
    if (head.ok() && head->bytes > kPage) bytes = load(*volume.backend, at, (head->bytes + kPage - 1) / kPage * kPage);
    if (!bytes.ok()) return std::move(bytes).error();
    AllocationMap map = empty_map(volume.header);
    chi::Status good = decode_slot(volume.header, *bytes, map);
    if (!good.ok()) {
      damage = std::move(good).error();
    } else if (!newest || head->generation > volume.generation) {
      newest = std::move(map);
      volume.generation = head->generation;
    }
  }
  volume.damaged_slot = damage.has_value();
  if (!newest) {
    damage->text = "both copies are damaged, nothing was changed; " + damage->text;
    return *std::move(damage);
  }
  volume.map = *std::move(newest);
  return {};
}

chi::Result<OpenVolume> open_existing(std::unique_ptr<Backend> backend, const Headers& headers,
                                      const Outside& outside) {
  OpenVolume out{std::move(backend), headers.header, empty_map(headers.header)};
  chi::Status loaded = load_map(out);
  if (!loaded.ok()) return std::move(loaded).error();
  const std::string name = out.backend->info().name;
  if (out.damaged_slot) {
    outside.warn(name + ": a change of its allocation map was cut short; it has the state before that");
  }
  if (headers.repair_first || headers.repair_second) {
    outside.warn(name + ": one of its two headers was damaged, and is written anew");
    const HeaderPage page = encode(out.header);
    chi::Status stored = out.backend->store(headers.repair_first ? 0 : out.header.second(), page);
    if (stored.ok()) stored = out.backend->sync_now();
    if (!stored.ok()) return std::move(stored).error();
  }
  return out;
}

chi::Result<std::string> backend_of(const Config& config, std::uint32_t index, std::uint32_t count) {
  if (config.backends) {
    if (config.backends->size() == count) return config.backends->at(index);
    return chi::Error{chi::Code::invalid_argument,
                      std::to_string(config.backends->size()) + " backends for " + std::to_string(count) +
                          " containers: give as many",
                      {}};
  }
  if (!config.backend) {
    return chi::Error{
        chi::Code::invalid_argument, "there is no backend: say backend=ram:SIZE, file:/PATH or block:/dev/NAME", {}};
  }
  return *config.backend;
}

}  // namespace

chi::Result<OpenVolume> open_volume(const Config& config, std::uint32_t index, std::uint32_t count,
                                    const Outside& outside) {
  const chi::Result<std::string> text = backend_of(config, index, count);
  if (!text.ok()) return text.error();
  const chi::Result<BackendSpec> spec = parse_backend(*text, index);
  if (!spec.ok()) return spec.error();
  const std::uint64_t size = spec->size != 0 ? spec->size : config.size.value_or(0);
  chi::Result<std::unique_ptr<Backend>> backend = open_backend(*spec, outside);
  if (!backend.ok()) return std::move(backend).error();
  chi::Result<Headers> headers = find_headers(**backend);
  if (headers.ok() && headers->header.ready) {
    chi::Status same = agree(config, size, headers->header, index, count);
    if (!same.ok()) return std::move(same).error();
    return open_existing(*std::move(backend), *headers, outside);
  }
  if (!headers.ok() && headers.code() != chi::Code::not_found) {
    headers = std::move(headers).error();
    return chi::Error{headers.code(), (*backend)->info().name + ": " + headers.error().text, {}};
  }
  if (!headers.ok() && (*backend)->size() != 0 && !config.force.value_or(false)) {
    chi::Status blank = (*backend)->check_blank();
    if (!blank.ok()) return std::move(blank).error();
  }
  chi::Result<Header> planned = plan_new(config, size, *spec, **backend, index, count);
  if (!planned.ok()) return std::move(planned).error();
  return make_volume(*std::move(backend), *std::move(planned));
}

}  // namespace bdev

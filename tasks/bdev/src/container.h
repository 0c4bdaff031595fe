// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The container: a handler for each request of bdev.h and stat.h. device.h: its part of the volume; stripe.h: which
// part that is; parts.cc: what becomes of a request that is not for one container alone.
#pragma once

#include <bdev/bdev.h>
#include <bdev/config.h>
#include <bdev/stat.h>
#include <bdev/stripe.h>
#include <chimaera/module.h>
#include <chimaera/statistics.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "device.h"

namespace bdev {

using chi::Meter;

class BlockDevice : public chi::Container<> {
 public:
  using Config = bdev::Config;

  chi::Status open(const Config& config);
  chi::Task<chi::Result<AllocateReply>> on(const Allocate& request);
  chi::Task<chi::Result<FreeReply>> on(const Free& request);
  chi::Result<ExtentsReply> on(const Extents& request);
  chi::Task<chi::Result<SizeReply>> on(const Write& request);
  chi::Task<chi::Result<ReadReply>> on(const Read& request, chi::Call& call);
  chi::Task<chi::Result<SizeReply>> on(const ReadInto& request);
  chi::Task<chi::Result<SizeReply>> on(const WriteV& request);
  chi::Task<chi::Result<SizeReply>> on(const ReadV& request);
  chi::Task<chi::Result<Nothing>> on(const Flush&);
  chi::Task<chi::Result<SizeReply>> on(const Trim& request);
  chi::Task<chi::Result<SizeReply>> on(const Zero& request);
  chi::Result<StatReply> on(const Stat&);
  chi::Task<chi::Result<CheckReply>> on(const Check&);

 private:
  struct Meters {
    Meter allocate, free, write, read, flush, trim, zero;
  };

  static chi::Error too_large(std::uint64_t size);
  chi::Status check(const Range& range) const;
  chi::Task<chi::Result<SizeReply>> make_zero(std::uint64_t offset, std::uint64_t size, bool release);
  chi::Task<chi::Result<SizeReply>> serve(Meter& meter, const chi::Buffer& memory, std::uint64_t offset, bool write);
  std::optional<std::uint64_t> own_part(const Range& range) const;
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

}  // namespace bdev

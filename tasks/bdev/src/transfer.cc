// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The loop around short transfers, and errors that say where.
#include "transfer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "aligned.h"

namespace bdev {
namespace {

constexpr unsigned kMostEmpty = 8;  // transfers in a row of less than one unit
constexpr std::uint64_t kZeroPiece = 1 << 20;

chi::Error failed(const Backend& backend, const char* what, std::uint64_t size, std::uint64_t at, chi::Error why) {
  why = backend.explain(std::move(why));
  why.text = std::string(what) + " of " + std::to_string(size) + " bytes at " + std::to_string(at) + " of " +
             backend.info().name + " failed: " + why.text;
  return why;
}

const char* name_of(bool read) { return read ? "a read" : "a write"; }

chi::Error too_early(std::uint64_t left) {
  return {chi::Code::data_loss,
          "it ends " + std::to_string(left) + " bytes too early: was it cut short? Restore it from a copy",
          {}};
}

}  // namespace

chi::Task<chi::Status> Transfers::move(chi::Buffer memory, std::uint64_t at, bool read) {
  const auto unit = co_await free_.acquire();
  const char* what = name_of(read);
  for (unsigned empty = 0; !memory.empty();) {
    auto transfer = read ? backend_.read(memory, at) : backend_.write(memory, at);
    auto moved = co_await transfer;
    if (!moved.ok()) co_return failed(backend_, what, memory.size(), at, std::move(moved).error());
    if (*moved >= memory.size()) break;
    const std::size_t whole = *moved / backend_.info().alignment * backend_.info().alignment;
    empty = whole == 0 ? empty + 1 : 0;
    if (*moved == 0 || empty == kMostEmpty) {
      co_return failed(backend_, what, memory.size(), at, too_early(memory.size()));
    }
    memory = memory.slice(whole, memory.size() - whole);
    at += whole;
  }
  co_return chi::Status();
}

std::optional<Transfers::Started> Transfers::start(const chi::Buffer& memory, std::uint64_t at, bool read) {
  chi::Units place = free_.try_acquire();
  if (!place.held()) return std::nullopt;
  auto moved = read ? backend_.start_read(memory, at) : backend_.start_write(memory, at);
  if (!moved) return std::nullopt;
  return Started{std::move(place), *std::move(moved)};
}

std::optional<chi::Status> Transfers::ended(chi::Result<std::size_t>& moved, const Range& at, bool read) const {
  if (!moved.ok()) return failed(backend_, name_of(read), at.size, at.offset, std::move(moved).error());
  if (*moved < at.size) return std::nullopt;
  return chi::Status();
}

chi::Task<chi::Status> Transfers::write_zeros(Range at) {
  const chi::Buffer zeros = zeroed_buffer(std::min(at.size, kZeroPiece));
  for (std::uint64_t done = 0; done < at.size; done += kZeroPiece) {
    auto written = co_await write(zeros.slice(0, at.size - done), at.offset + done);
    if (!written.ok()) co_return written;
  }
  co_return chi::Status();
}

chi::Task<chi::Status> Transfers::zero(Range at, bool release) {
  chi::Status zeroed;
  {
    const auto unit = co_await free_.acquire();
    auto done = co_await backend_.zero(at, release);
    zeroed = std::move(done);
  }
  if (zeroed.code() == chi::Code::unimplemented) {
    co_return co_await write_zeros(at);
  }
  if (!zeroed.ok()) co_return failed(backend_, "making zero", at.size, at.offset, std::move(zeroed).error());
  co_return chi::Status();
}

chi::Task<chi::Status> Transfers::sync() {
  const auto unit = co_await free_.acquire();
  auto done = co_await backend_.sync();
  if (done.ok()) co_return chi::Status();
  chi::Error why = std::move(done).error();
  why.text = "a flush of " + backend_.info().name + " failed: " + why.text;
  co_return why;
}

}  // namespace bdev

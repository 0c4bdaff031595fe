// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `bulk`: loaned buffers of 4 KiB to 16 MiB. Passed to a handler that touches no byte they cost what a null call costs,
// whatever their size: nobody copies them. Read and written by a handler they cost what that takes, beside memcpy.
#include <cstring>

#include "benchmark/calls.h"
#include "benchmark/stage.h"
#include "small_message/pattern.h"
#include "small_message/small_message.h"

namespace chi::bench {
namespace {

using small_message::Fill;
using small_message::PassBuffer;
using small_message::Write;

constexpr std::size_t kSizes[] = {4U << 10, 16U << 10, 64U << 10, 256U << 10, 1U << 20, 4U << 20, 16U << 20};

struct BulkFigures {
  Figure pass, write, fill, copy, sum;  // p50, in nanoseconds
};

// The memory of one size: two loans, of which one goes to the handler.
struct Loans {
  std::size_t size;
  Buffer buffer;
  Write write;
  std::vector<std::uint8_t> local;
};

Result<Loans> make_loans(const Client& client, std::size_t size) {
  Result<Buffer> buffer = client.allocate_buffer(size);
  if (!buffer.ok()) return std::move(buffer).error();
  Result<Bytes> data = client.allocate(size);
  if (!data.ok()) return std::move(data).error();
  small_message::fill_pattern({data->data(), data->size()}, size);
  const std::uint64_t checksum = small_message::checksum(data->span());
  return Loans{size, *std::move(buffer), Write{*std::move(data), checksum}, std::vector<std::uint8_t>(size)};
}

template <class Operation>
bool time_into(Figure& figure, Samples& samples, nanoseconds slice, Operation&& operation) {
  time_each(samples, slice / 10, operation);
  if (!time_each(samples, slice, operation)) return false;
  figure.add(samples.percentile(0.5));
  return true;
}

Status measure(const Pool& pool, Loans& loans, nanoseconds slice, Samples& samples, BulkFigures& out) {
  FirstFailure failure;
  const auto copy = [&] {
    std::memcpy(loans.local.data(), loans.buffer.data(), loans.size);
    asm volatile("" : : "r"(loans.local.data()) : "memory");
    return true;
  };
  const auto sum = [&] {
    asm volatile("" : : "r"(small_message::checksum(loans.write.data.span())) : "memory");
    return true;
  };
  const auto pass = [&] {
    const auto reply = pool.call<PassBuffer>(loans.buffer).get();
    if (!failure.check(reply)) return false;
    return reply->size == loans.size || failure.check(Result<int>(Code::internal, "another size came back"));
  };
  const auto write = [&] { return failure.check(pool.send(loans.write).get()); };
  const auto fill = [&] { return failure.check(pool.call<Fill>(loans.buffer, std::uint64_t{1}).get()); };
  const bool done = time_into(out.copy, samples, slice, copy) && time_into(out.sum, samples, slice, sum) &&
                    time_into(out.pass, samples, slice, pass) && time_into(out.write, samples, slice, write) &&
                    time_into(out.fill, samples, slice, fill);
  return done ? Status() : failure.status();
}

double gib_per_s(std::size_t size, const Figure& figure) {
  return rounded(ratio(static_cast<double>(size) / 0x1p30, figure.median() / 1e9));
}

Row row_of(std::size_t size, const BulkFigures& figures, const Figure& floor, double pass_of_smallest) {
  return {{"size_bytes", size},
          {"pass_p50_ns", rounded(figures.pass.median())},
          {"floor_p50_ns", rounded(floor.median())},
          {"ratio_to_4k", rounded(ratio(figures.pass.median(), pass_of_smallest))},
          {"read_gib_per_s", gib_per_s(size, figures.write)},
          {"floor_read_gib_per_s", gib_per_s(size, figures.sum)},
          {"fill_gib_per_s", gib_per_s(size, figures.fill)},
          {"memcpy_gib_per_s", gib_per_s(size, figures.copy)},
          {"spread_pass", rounded(figures.pass.spread())}};
}

}  // namespace

Result<Report> run_bulk(const Options& options) {
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  const Result<Pool> pool = (*stage)->make_pool("small_message");
  if (!pool.ok()) return pool.error();
  std::vector<Loans> loans;
  for (std::size_t size : kSizes) {
    Result<Loans> made = make_loans((*stage)->client(), size);
    if (!made.ok()) return std::move(made).error();
    loans.push_back(*std::move(made));
  }
  Samples samples(200'000);
  Figure floor;
  std::vector<BulkFigures> found(loans.size());
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    (*stage)->time_floor(samples, options.slice() / 2);
    floor.add(samples.percentile(0.5));
    for (std::size_t i = 0; i < loans.size(); ++i) {
      Status goes_on = check_interrupt();
      if (!goes_on.ok()) return std::move(goes_on).error();
      Status measured = measure(*pool, loans[i], options.slice() / 2, samples, found[i]);
      if (!measured.ok()) return std::move(measured).error();
    }
  }
  Report report;
  const double smallest = found.front().pass.median();
  for (std::size_t i = 0; i < loans.size(); ++i) {
    report.rows.push_back(row_of(loans[i].size, found[i], floor, smallest));
  }
  report.targets = {{"passing on 1 MiB / 4 KiB", ratio(found[4].pass.median(), smallest), 1.2, true},
                    {"passing on 16 MiB / 4 KiB", ratio(found.back().pass.median(), smallest), 1.2, true}};
  report.notes = {"read: the handler computes XXH3 of what it is given; its floor is XXH3 in this process",
                  "fill: the handler writes a pattern into the caller's memory and computes XXH3 of it"};
  return report;
}

}  // namespace chi::bench

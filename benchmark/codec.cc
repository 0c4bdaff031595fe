// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `codec`: a request to bytes and back, as client and handler do it for every call; and one that is copied as it is,
// beside the copy. No daemon.
#include <chimaera/codec.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "benchmark/statistics.h"
#include "benchmark/timing.h"
#include "benchmark/workload.h"

namespace chi::bench {
namespace {

constexpr unsigned kBatch = 1000;  // operations between two looks at the clock
constexpr double kLimitNs = 60;

struct ThreeFields {
  std::string key;
  std::uint64_t amount = 0;
  Bytes value;
};

struct Flat {  // trivially copyable, and its memory is its encoding
  std::array<std::uint64_t, 8> words{};
};

// The compiler must take it that somebody reads and changes what `data` points to.
void used(const void* data) noexcept { asm volatile("" : : "r"(data) : "memory"); }

// Nanoseconds of one run of `operation`.
template <class Operation>
double time_of(std::chrono::nanoseconds slice, Operation&& operation) {
  std::uint64_t batches = 0;
  const std::uint64_t spent = repeat_for(slice, [&] {
    for (unsigned i = 0; i < kBatch; ++i) operation();
    ++batches;
    return true;
  });
  return static_cast<double>(spent) / static_cast<double>(batches * kBatch);
}

struct Sides {
  Figure encode, decode;
  std::size_t bytes = 0;
};

template <class Request>
Status measure(const Request& request, std::chrono::nanoseconds slice, Sides& out) {
  std::uint8_t scratch[512];
  Encoder once(scratch);
  encode_message(once, request);
  if (once.failed()) return once.status();
  std::uint8_t bytes[sizeof scratch];
  std::copy_n(once.message().data, once.size(), bytes);
  out.bytes = once.size();
  const chi_message message{bytes, static_cast<std::uint32_t>(out.bytes), 0, nullptr};

  const auto encode = [&] {
    used(&request);
    Encoder encoder(scratch);
    encode_message(encoder, request);
    used(encoder.message().data);
  };
  bool good = true;
  const auto decode = [&] {
    used(bytes);
    Request read{};
    Decoder from(message);
    from.borrow_bytes();
    good &= decode_message(from, read).ok();
    used(&read);
  };
  (void)time_of(slice / 10, encode);
  out.encode.add(time_of(slice, encode));
  (void)time_of(slice / 10, decode);
  out.decode.add(time_of(slice, decode));
  return good ? Status() : Status(Error{Code::internal, "what was encoded cannot be decoded", "bench"});
}

double time_copy(std::chrono::nanoseconds slice) {
  Flat from;
  Flat to;
  const auto copy = [&] {
    used(&from);
    std::memcpy(&to, &from, sizeof to);
    used(&to);
  };
  (void)time_of(slice / 10, copy);
  return time_of(slice, copy);
}

Row row_of(const char* message, const Sides& sides) {
  return {{"message", message},
          {"bytes", sides.bytes},
          {"encode_ns", rounded(sides.encode.median())},
          {"decode_ns", rounded(sides.decode.median())},
          {"spread_encode", rounded(sides.encode.spread())},
          {"spread_decode", rounded(sides.decode.spread())}};
}

}  // namespace

Result<Report> run_codec(const Options& options) {
  const ThreeFields request{"apple pie", 42, Bytes("a value of 24 characters")};
  Sides three, flat;
  Figure copy;
  (void)bind_thread({options.placement.client});
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    if (Status goes_on = check_interrupt(); !goes_on) return std::move(goes_on).error();
    if (Status measured = measure(request, options.slice(), three); !measured) return std::move(measured).error();
    if (Status measured = measure(Flat{}, options.slice(), flat); !measured) return std::move(measured).error();
    copy.add(time_copy(options.slice()));
  }
  Report report;
  report.rows = {row_of("string, u64, bytes", three), row_of("8 x u64", flat)};
  report.rows[1]["memcpy_ns"] = rounded(copy.median());
  report.targets = {{"encode three fields, ns", three.encode.median(), kLimitNs, true},
                    {"decode three fields, ns", three.decode.median(), kLimitNs, true}};
  return report;
}

}  // namespace chi::bench

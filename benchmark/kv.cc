// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `kv`: get and put of the key-value store, each beside Redis with the same value size, as many calls under way as
// Redis has in its pipeline, and one client. Redis draws its keys evenly, always.
#include "kv/kv.h"

#include <fmt/format.h>

#include <optional>

#include "benchmark/calls.h"
#include "benchmark/keys.h"
#include "benchmark/redis.h"
#include "benchmark/stage.h"

namespace chi::bench {
namespace {

constexpr std::uint32_t kKeys = 10'000;
constexpr std::size_t kDraws = 1U << 16;
constexpr std::uint32_t kContainers = 8;
constexpr unsigned kCallsBetweenClocks = 64;

// What Redis is asked for, and compared with: everything but the keys' distribution.
struct Point {
  bool get;
  std::size_t value_size;
  unsigned depth;
  Figure redis{};
};

struct Case {
  Point* point;
  KeyChoice choice;
  Figure rate{}, ratio{};
};

// The requests of each depth's place, made beforehand: only the key changes from call to call.
class Caller {
 public:
  static Result<Caller> make(const Client& client, const Pool& pool, const Point& point, KeyChoice choice) {
    Caller out(pool, point, choice);
    for (unsigned i = 0; i < point.depth; ++i) {
      Result<Bytes> value = client.allocate(point.value_size);
      if (!value.ok()) return std::move(value).error();
      std::fill_n(value->data(), value->size(), std::uint8_t{'x'});
      out.puts_.push_back({{}, *std::move(value)});
    }
    return out;
  }

  Result<double> rate(nanoseconds slice) { return point_.get ? rate_of(gets_, slice) : rate_of(puts_, slice); }

  // Puts every key there is.
  Status fill() {
    Window<kv::PutReply> window(1);
    for (std::uint32_t key = 0; key < kKeys; ++key) {
      puts_[0].key = key_text(key);
      if (!window.turn([&](unsigned) { return pool_.send(puts_[0]); })) return window.status();
    }
    return window.finish() ? Status() : window.status();
  }

 private:
  Caller(const Pool& pool, const Point& point, KeyChoice choice)
      : pool_(pool), point_(point), gets_(point.depth), draws_(draw_keys(choice, kKeys, kDraws, 1)) {
    for (std::uint32_t key = 0; key < kKeys; ++key) keys_.push_back(key_text(key));
  }

  template <class Request>
  Result<double> rate_of(std::vector<Request>& requests, nanoseconds slice) {
    Window<typename Request::Reply> window(point_.depth);
    const auto turn = [&] {
      for (unsigned calls = 0; calls < kCallsBetweenClocks; calls += point_.depth) {
        const bool well = window.turn([&](unsigned i) {
          requests[i].key = keys_[draws_[next_++ % kDraws]];
          return pool_.send(requests[i]);
        });
        if (!well) return false;
      }
      return true;
    };
    return window_rate(window, slice, turn);
  }

  Pool pool_;
  Point point_;
  std::vector<kv::Get> gets_;
  std::vector<kv::Put> puts_;
  std::vector<std::string> keys_;
  std::vector<std::uint32_t> draws_;
  std::size_t next_ = 0;
};

// Whether the store gives back what was put: a store that answers fast and wrong is no rival.
Status check_store(const Pool& pool, std::size_t value_size) {
  const Result<kv::GetReply> reply = pool.call<kv::Get>(key_text(kKeys / 2)).get();
  if (!reply.ok()) return reply.error();
  if (reply->value && reply->value->view() == std::string(value_size, 'x')) return {};
  return Error{Code::data_loss, "the store does not give back what was put", "bench"};
}

Status measure_redis(const Redis& redis, Point& point, const Options& options) {
  Redis::Load load{point.get, point.value_size, kKeys, point.depth, 0};
  load.requests = (point.depth == 1 ? 10'000U : 150'000U) / (options.quick ? 10 : 1);
  const Result<double> rate = redis.rate(load);
  if (!rate.ok()) return rate.error();
  point.redis.add(*rate);
  return {};
}

Status fill_redis(const Redis& redis, std::size_t value_size) {
  const Result<double> filled = redis.rate({false, value_size, kKeys, 64, std::uint64_t{6} * kKeys});
  return filled.ok() ? Status() : Status(filled.error());
}

Status measure_sizes(Stage& stage, const Pool& pool, const Redis* redis, const Options& options,
                     std::vector<Case>& cases) {
  std::size_t filled = 0;
  const Point* compared = nullptr;
  for (Case& each : cases) {
    Status goes_on = check_interrupt();
    if (!goes_on.ok()) return goes_on;
    Point& point = *each.point;
    Result<Caller> caller = Caller::make(stage.client(), pool, point, each.choice);
    if (!caller.ok()) return std::move(caller).error();
    if (filled != point.value_size) {
      Status put = caller->fill();
      if (put.ok()) put = check_store(pool, point.value_size);
      if (put.ok() && redis) put = fill_redis(*redis, point.value_size);
      if (!put.ok()) return put;
      filled = point.value_size;
    }
    if (redis && compared != &point) {
      Status rival = measure_redis(*redis, point, options);
      if (!rival.ok()) return rival;
      compared = &point;
    }
    const Result<double> rate = caller->rate(options.slice());
    if (!rate.ok()) return rate.error();
    each.rate.add(*rate);
    if (redis) each.ratio.add(ratio(*rate, point.redis.last()));
  }
  return {};
}

std::vector<Point> all_points() {
  std::vector<Point> out;
  for (std::size_t value_size : {100U, 4096U}) {
    for (unsigned depth : {1U, 64U}) {
      for (bool get : {true, false}) out.push_back({get, value_size, depth});
    }
  }
  return out;
}

Row row_of(const Case& each) {
  const Point& point = *each.point;
  Row row = {{"operation", point.get ? "get" : "put"},
             {"value_bytes", point.value_size},
             {"keys", name_of(each.choice)},
             {"depth", point.depth},
             {"ops_per_s", rounded(each.rate.median())},
             {"spread", rounded(each.rate.spread())},
             {"redis_ops_per_s", nullptr},
             {"ratio", nullptr}};
  if (!point.redis.empty()) {
    row["redis_ops_per_s"] = rounded(point.redis.median());
    row["ratio"] = rounded(each.ratio.median());
  }
  return row;
}

Report report_of(const std::vector<Case>& cases) {
  Report report;
  for (const Case& each : cases) {
    report.rows.push_back(row_of(each));
    const Point& point = *each.point;
    if (point.redis.empty() || each.choice != KeyChoice::uniform) continue;
    report.targets.push_back(
        {fmt::format("{} of {} bytes at depth {} / Redis", point.get ? "get" : "put", point.value_size, point.depth),
         each.ratio.median(), point.depth == 1 ? 30.0 : 5.0, false});
  }
  return report;
}

}  // namespace

Result<Report> run_kv(const Options& options) {
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  const Result<Pool> pool = (*stage)->make_pool("kv", kContainers);
  if (!pool.ok()) return pool.error();
  const Result<Redis> redis = Redis::start(options);
  if (!redis.ok() && redis.code() != Code::not_found) return redis.error();
  std::vector<Point> points = all_points();
  std::vector<Case> cases;
  for (Point& point : points) {
    for (KeyChoice choice : {KeyChoice::uniform, KeyChoice::zipfian}) cases.push_back({&point, choice});
  }
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    Status measured = measure_sizes(**stage, *pool, redis.ok() ? &*redis : nullptr, options, cases);
    if (!measured.ok()) return std::move(measured).error();
  }
  Report report = report_of(cases);
  if (!redis.ok()) report.notes.push_back(redis.error().text);
  return report;
}

}  // namespace chi::bench

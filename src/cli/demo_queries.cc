// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements demo_queries.h.
#include "cli/demo_queries.h"

#include <chimaera/admin.h>
#include <fmt/format.h>
#include <kv/kv.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <utility>

#include "cli/table.h"

namespace chi::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLookups = 20'000;
constexpr std::size_t kWarmUp = 1'000;
constexpr std::uint32_t kPage = 1'000;  // keys of a scan at a time

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::string differs(std::uint64_t got, std::uint64_t expected) {
  return got == expected ? "" : fmt::format("{}, and not {}", got, expected);
}

// The first entry that one of the maps has otherwise.
template <class Got, class Expected, class Same>
std::string differs(const Got& got, const Expected& expected, Same same) {
  for (const auto& [name, value] : expected) {
    const auto found = got.find(name);
    if (found == got.end()) return fmt::format("'{}' is missing", name);
    if (!same(found->second, value)) return fmt::format("'{}' has another value", name);
  }
  return got.size() == expected.size() ? "" : fmt::format("{} entries too many", got.size() - expected.size());
}

template <class Map, class Value>
std::string largest(const Map& map, Value value) {
  const auto less = [&](const auto& a, const auto& b) { return value(a.second) < value(b.second); };
  const auto most = std::max_element(map.begin(), map.end(), less);
  if (most == map.end()) return "none";
  return fmt::format("{} sections; the largest: {}, {}", map.size(), most->first,
                     human_count(static_cast<unsigned long long>(
                         std::max<std::int64_t>(0, static_cast<std::int64_t>(value(most->second))))));
}

template <class Req, class... Fields>
Result<typename Req::Reply> ask(const Pool& pool, DemoQuery& query, Fields&&... fields) {
  const auto begin = Clock::now();
  auto reply = pool.call<Req>(std::forward<Fields>(fields)...).get();
  query.seconds = seconds_since(begin);
  return reply;
}

Result<DemoQuery> count(const Pool& pool, const DemoExpectation& expected) {
  DemoQuery query{"count of packages"};
  const auto reply = ask<kv::Count>(pool, query);
  if (!reply.ok()) return reply.error();
  query.result = human_count(reply->count);
  query.problem = differs(reply->count, expected.count());
  return query;
}

Result<DemoQuery> tally(const Pool& pool, const DemoExpectation& expected) {
  DemoQuery query{fmt::format("tally by {}", DemoExpectation::kGroupField)};
  const auto reply = ask<kv::Tally>(pool, query, DemoExpectation::kGroupField);
  if (!reply.ok()) return reply.error();
  query.result = largest(reply->counts, [](std::uint64_t count) { return count; });
  query.problem = differs(reply->counts, expected.tally(), std::equal_to<>());
  return query;
}

Result<DemoQuery> sum(const Pool& pool, const DemoExpectation& expected) {
  DemoQuery query{fmt::format("sum of {} by {}", DemoExpectation::kValueField, DemoExpectation::kGroupField)};
  const auto reply = ask<kv::Sum>(pool, query, DemoExpectation::kGroupField, DemoExpectation::kValueField);
  if (!reply.ok()) return reply.error();
  query.result = largest(reply->totals, [](const kv::Total& total) { return total.sum; });
  const auto same = [](const kv::Total& a, const DemoExpectation::Total& b) {
    return a.sum == b.sum && a.records == b.records;
  };
  query.problem = differs(reply->totals, expected.sums(), same);
  return query;
}

Result<DemoQuery> match(const Pool& pool, const DemoExpectation& expected) {
  DemoQuery query{fmt::format("count of texts that match {}", DemoExpectation::kPattern)};
  const auto reply = ask<kv::Match>(pool, query, DemoExpectation::kPattern);
  if (!reply.ok()) return reply.error();
  query.result = human_count(reply->matches);
  query.problem = differs(reply->matches, expected.matches());
  return query;
}

// Page by page, until there is no more.
Result<DemoQuery> scan(const Pool& pool, const DemoExpectation& expected) {
  const std::string prefix = expected.prefix();
  DemoQuery query{fmt::format("scan of keys that begin with {}", prefix)};
  std::vector<std::string> keys;
  const auto begin = Clock::now();
  for (bool more = true; more;) {
    const std::string after = keys.empty() ? std::string() : keys.back();
    const auto page = pool.call<kv::Scan>(prefix, kPage, after, true).get();
    if (!page.ok()) return page.error();
    for (const kv::Record& record : page->records) keys.push_back(record.key);
    more = page->more && !page->records.empty();
  }
  query.seconds = seconds_since(begin);
  query.result = fmt::format("{} keys, in order", human_count(keys.size()));
  const std::vector<std::string> right = expected.keys_with(prefix);
  query.problem = differs(keys.size(), right.size());
  const auto wrong = std::mismatch(keys.begin(), keys.end(), right.begin(), right.end()).first;
  if (query.problem.empty() && wrong != keys.end()) query.problem = fmt::format("'{}' is out of place", *wrong);
  return query;
}

std::uint64_t percentile(const std::vector<std::uint64_t>& sorted, double part) {
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

Result<std::vector<DemoQuery>> run_queries(const Pool& pool, const DemoExpectation& expected) {
  std::vector<DemoQuery> out;
  for (const auto& ask_for : {&count, &tally, &sum, &scan, &match}) {
    Result<DemoQuery> query = ask_for(pool, expected);
    if (!query.ok()) return std::move(query).error();
    out.push_back(*std::move(query));
  }
  return out;
}

Status measure_lookups(const Pool& pool, const DemoExpectation& expected, DemoReport& report) {
  const std::vector<std::string> keys = expected.keys();
  if (keys.empty()) return Error{Code::failed_precondition, "no records to look up", {}};
  std::mt19937_64 random(20'000);  // the same keys each time
  DemoQuery query{"point lookups"};
  std::vector<std::uint64_t> times;
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < kWarmUp + kLookups; ++i) {
    const std::string& key = keys[random() % keys.size()];
    const auto sent = Clock::now();
    const auto reply = pool.call<kv::Get>(key).get();
    const auto took = Clock::now() - sent;
    if (!reply.ok()) return reply.error();
    if (i >= kWarmUp) times.push_back(static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count()));
    const bool right = reply->value && expected.holds(key, reply->value->view());
    if (!right && query.problem.empty()) query.problem = fmt::format("'{}' has another value", key);
  }
  query.seconds = seconds_since(begin);
  query.result = fmt::format("{} values", human_count(kWarmUp + kLookups));
  std::sort(times.begin(), times.end());
  report.lookups = times.size();
  report.p50_ns = percentile(times, 0.5);
  report.p99_ns = percentile(times, 0.99);
  report.queries.push_back(std::move(query));
  return {};
}

Result<std::vector<DemoContainer>> find_containers(const Client& client, const Pool& pool) {
  const auto described = client.admin().call<admin::PoolDescribe>(pool.name()).get();
  if (!described.ok()) return described.error();
  std::vector<DemoContainer> out;
  for (const admin::ContainerInfo& info : described->containers) {
    const auto stats = pool.on(chi::container(info.index)).call<kv::Stat>().get();
    if (!stats.ok()) return stats.error();
    out.push_back({info.index, info.node, info.worker, stats->records, stats->key_bytes + stats->value_bytes});
  }
  return out;
}

}  // namespace chi::cli

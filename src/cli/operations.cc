// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Walks type and reply together. A list counts as OperationStats when it has all of their fields, whatever else.
#include "cli/operations.h"

#include <chimaera/schema.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "cli/table.h"

namespace chi::cli {

namespace {

using Kind = SchemaType::Kind;

const SchemaType* field_of(const SchemaType& type, std::string_view name) {
  const auto at = std::find(type.names.begin(), type.names.end(), name);
  return at == type.names.end() ? nullptr : &type.of[static_cast<std::size_t>(at - type.names.begin())];
}

bool is_operations(const SchemaType& type) {
  static const SchemaType kWanted = parse_schema(schema_of<OperationStats>()).value();
  if (type.kind != Kind::list || type.of[0].kind != Kind::aggregate) return false;
  for (std::size_t i = 0; i < kWanted.of.size(); ++i) {
    const SchemaType* there = field_of(type.of[0], kWanted.names[i]);
    if (!there || there->describe() != kWanted.of[i].describe()) return false;
  }
  return true;
}

std::uint64_t number(const Json& from, const char* field) {
  return from.contains(field) ? from[field].get<std::uint64_t>() : 0;
}

// Bytes that are no text are an object.
std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

OperationStats read_stats(const Json& from) {
  OperationStats out;
  if (from.contains("name")) out.name = text_of(from["name"]);
  out.operations = number(from, "operations");
  out.failed = number(from, "failed");
  out.bytes = number(from, "bytes");
  out.total_ns = number(from, "total_ns");
  if (from.contains("histogram")) out.histogram = from["histogram"].get<std::vector<std::uint64_t>>();
  out.elapsed_ns = number(from, "elapsed_ns");
  return out;
}

void collect(const SchemaType& type, const Json& json, Operations place, std::vector<Operations>& to);

void collect_fields(const SchemaType& type, const Json& json, Operations place, std::vector<Operations>& to) {
  const SchemaType* index = field_of(type, "index");
  if (index && index->is_integer() && json.contains("index")) place.container = number(json, "index");
  const SchemaType* backend = field_of(type, "backend");
  if (backend && backend->kind == Kind::string && json.contains("backend")) place.backend = text_of(json["backend"]);
  for (std::size_t i = 0; i < type.of.size(); ++i) {
    if (!json.contains(type.names[i])) continue;
    const Json& field = json[type.names[i]];
    if (!is_operations(type.of[i])) {
      collect(type.of[i], field, place, to);
      continue;
    }
    for (const Json& each : field) {
      to.push_back(place);
      to.back().stats = read_stats(each);
    }
  }
}

void collect(const SchemaType& type, const Json& json, Operations place, std::vector<Operations>& to) {
  if (type.kind == Kind::aggregate) return collect_fields(type, json, std::move(place), to);
  if (type.kind == Kind::optional && !json.is_null()) return collect(type.of[0], json, std::move(place), to);
  if (type.kind != Kind::list && type.kind != Kind::array) return;
  for (const Json& each : json) collect(type.of[0], each, place, to);
}

bool same(const Operations& a, const Operations& b) {
  return a.pool == b.pool && a.container == b.container && a.backend == b.backend && a.stats.name == b.stats.name;
}

// Adds, or takes away, one histogram of another.
void combine(std::vector<std::uint64_t>& into, const std::vector<std::uint64_t>& other, bool add) {
  if (into.size() < other.size()) into.resize(other.size());
  for (std::size_t i = 0; i < other.size(); ++i) {
    into[i] = add ? into[i] + other[i] : into[i] - std::min(into[i], other[i]);
  }
}

double per_second(std::uint64_t count, const OperationStats& of) {
  return of.elapsed_ns == 0 ? 0 : static_cast<double>(count) * 1e9 / static_cast<double>(of.elapsed_ns);
}

std::string rate(double per_second) {
  return per_second < 100 ? fmt::format("{:.1f}", per_second)
                          : human_count(static_cast<unsigned long long>(std::min(per_second, 1e18)));
}

std::string name_of(const Operations& each) {
  return each.container ? fmt::format("{}/{}", each.pool, *each.container) : each.pool;
}

}  // namespace

void collect_operations(const SchemaType& type, const Json& reply, const std::string& pool,
                        std::optional<std::uint64_t> container, std::vector<Operations>& to) {
  collect(type, reply, Operations{pool, container, {}, {}}, to);
}

std::vector<Operations> since(const std::vector<Operations>& before, std::vector<Operations> after) {
  for (Operations& each : after) {
    const auto old = std::find_if(before.begin(), before.end(), [&](const auto& other) { return same(each, other); });
    if (old == before.end()) continue;
    OperationStats& now = each.stats;
    const OperationStats& then = old->stats;
    if (now.elapsed_ns < then.elapsed_ns || now.operations < then.operations) continue;
    now.operations -= then.operations;
    now.failed -= std::min(now.failed, then.failed);
    now.bytes -= std::min(now.bytes, then.bytes);
    now.total_ns -= std::min(now.total_ns, then.total_ns);
    now.elapsed_ns -= then.elapsed_ns;
    combine(now.histogram, then.histogram, false);
  }
  return after;
}

std::vector<Operations> sum_large_pools(const std::vector<Operations>& all, std::size_t most) {
  std::set<std::uint64_t> containers;
  for (const Operations& each : all) {
    if (each.container) containers.insert(*each.container);
  }
  if (containers.size() <= most) return all;
  std::vector<Operations> out;
  for (const Operations& each : all) {
    const Operations whole{each.pool, std::nullopt, {}, each.stats};
    const auto at = std::find_if(out.begin(), out.end(), [&](const auto& other) { return same(whole, other); });
    if (at == out.end()) {
      out.push_back(whole);
      continue;
    }
    at->stats.operations += each.stats.operations;
    at->stats.failed += each.stats.failed;
    at->stats.bytes += each.stats.bytes;
    at->stats.total_ns += each.stats.total_ns;
    at->stats.elapsed_ns = std::max(at->stats.elapsed_ns, each.stats.elapsed_ns);
    combine(at->stats.histogram, each.stats.histogram, true);
  }
  return out;
}

Json operations_json(const Operations& each) {
  const OperationStats& stats = each.stats;
  Json out;
  out["container"] = each.container ? Json(*each.container) : Json();
  out["backend"] = each.backend;
  out["operation"] = stats.name;
  out["count"] = stats.operations;
  out["failed"] = stats.failed;
  out["per_second"] = per_second(stats.operations, stats);
  out["bytes"] = stats.bytes;
  out["bytes_per_second"] = per_second(stats.bytes, stats);
  out["p50_ns"] = percentile_ns(stats.histogram, 0.5);
  out["p99_ns"] = percentile_ns(stats.histogram, 0.99);
  out["elapsed_ns"] = stats.elapsed_ns;
  return out;
}

std::string render_operations(const std::vector<Operations>& all, std::size_t indent) {
  Table table({"container", "backend", "operation", "count", "failed", "per second", "bytes", "bytes/s", "p50", "p99"});
  for (const Operations& each : all) {
    const OperationStats& stats = each.stats;
    if (stats.operations == 0) continue;
    table.add({name_of(each), each.backend, stats.name, human_count(stats.operations), human_count(stats.failed),
               rate(per_second(stats.operations, stats)), human_size(static_cast<double>(stats.bytes)),
               human_size(per_second(stats.bytes, stats)), human_latency(percentile_ns(stats.histogram, 0.5)),
               human_latency(percentile_ns(stats.histogram, 0.99))});
  }
  return table.empty() ? std::string() : table.text(indent);
}

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Tally and Sum: what is grouped by the value of a line.
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "aggregates.h"
#include "lines.h"

namespace kv {

namespace {

// The groups of one reply, as many as there may be.
template <class T>
class Groups {
 public:
  using Map = std::map<std::string, T, std::less<>>;

  // The group of that name; null when there are too many.
  T* at(std::string_view name) {
    auto found = groups_.find(name);
    if (found == groups_.end()) {
      name_bytes_ += name.size();
      if (groups_.size() == kMaxGroups || name_bytes_ > kMaxGroupBytes) return nullptr;
      found = groups_.emplace(std::string(name), T()).first;
    }
    return &found->second;
  }

  Map take() && { return std::move(groups_); }

 private:
  Map groups_;
  std::size_t name_bytes_ = 0;
};

chi::Error too_many(const std::string& field) {
  return {chi::Code::resource_exhausted,
          "'" + field + "' has more than " + std::to_string(kMaxGroups) + " values, or more than " +
              std::to_string(kMaxGroupBytes >> 20) + " MiB of them, in one container: group by a line that has fewer",
          {}};
}

chi::Error too_large(std::string_view group) {
  return {chi::Code::invalid_argument, "the sum of group '" + std::string(group) + "' goes beyond 64 bits", {}};
}

bool add(Total& into, std::int64_t number, std::uint64_t records) {
  into.records += records;
  return !__builtin_add_overflow(into.sum, number, &into.sum);
}

}  // namespace

chi::Result<TallyReply> tally(const Records& records, const Tally& request) {
  const chi::Result<LineFinder> line = LineFinder::of(request.field);
  if (!line.ok()) return line.error();
  Groups<std::uint64_t> groups;
  TallyReply reply;
  for (const auto record : records) {
    const auto value = line->find(record.second);
    if (!value) {
      ++reply.without;
      continue;
    }
    std::uint64_t* count = groups.at(*value);
    if (!count) return too_many(request.field);
    ++*count;
  }
  reply.counts = std::move(groups).take();
  return reply;
}

void Tally::merge(TallyReply& into, TallyReply&& from) {
  into.without += from.without;
  for (const auto& [value, count] : from.counts) into.counts[value] += count;
}

chi::Result<SumReply> sum(const Records& records, const Sum& request) {
  const chi::Result<LineFinder> group_line = LineFinder::of(request.group_field);
  const chi::Result<LineFinder> value_line = LineFinder::of(request.value_field);
  if (!group_line.ok()) return group_line.error();
  if (!value_line.ok()) return value_line.error();
  Groups<Total> groups;
  SumReply reply;
  for (const auto record : records) {
    const auto group = group_line->find(record.second);
    const auto value = value_line->find(record.second);
    const auto number = value ? whole_number(*value) : std::nullopt;
    if (!group || !number) {
      ++reply.skipped;
      continue;
    }
    Total* total = groups.at(*group);
    if (!total) return too_many(request.group_field);
    if (!add(*total, *number, 1)) return too_large(*group);
  }
  reply.totals = std::move(groups).take();
  return reply;
}

chi::Status Sum::merge(SumReply& into, SumReply&& from) {
  into.skipped += from.skipped;
  for (const auto& [group, total] : from.totals) {
    if (!add(into.totals[group], total.sum, total.records)) return too_large(group);
  }
  return {};
}

}  // namespace kv

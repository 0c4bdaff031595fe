// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A distributed key-value store: what its callers see. A record lives in the container that its key's hash names.
//
//   auto kv = client.pool("inventory");
//   kv.call<kv::Put>("apple", "red").get();
//   auto reply = kv.call<kv::Get>("apple").get();              // reply->value: an optional
//   auto tally = kv.call<kv::Tally>("Section").get();          // of all containers; only the counts travel
//
// Keys are 1 to 4096 bytes. Values are any bytes; tally and sum read them as text of lines "Name: value", as Debian
// control files have them, names with the case they have there; of several lines of one name the first counts.
// A container answers an aggregate in one step, from one state; containers do so at different times.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/domain.h>
#include <chimaera/method.h>
#include <chimaera/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kv {

inline constexpr std::size_t kMaxKey = 4096;
inline constexpr std::uint32_t kMaxScan = 10'000;

struct Config {
  // Of one container: what its keys and values take, and 128 for each record; 0: no limit. What does not fit is
  // refused with resource_exhausted.
  std::uint64_t max_bytes = std::uint64_t{1} << 30;
};

struct PutReply {
  bool replaced = false;  // there was a record with this key
};
struct Put {
  static constexpr chi::Method kMethod{1, "put", chi::Access::write};
  static constexpr chi::Route kRoute = chi::Route::hash("key");
  using Reply = PutReply;
  std::string key;
  chi::Bytes value;
};

struct GetReply {
  std::optional<chi::Bytes> value;  // none: no record has this key
};
struct Get {
  static constexpr chi::Method kMethod{2, "get", chi::Access::read};
  static constexpr chi::Route kRoute = chi::Route::hash("key");
  using Reply = GetReply;
  std::string key;
};

struct DelReply {
  bool removed = false;
};
struct Del {
  static constexpr chi::Method kMethod{3, "del", chi::Access::write};
  static constexpr chi::Route kRoute = chi::Route::hash("key");
  using Reply = DelReply;
  std::string key;
};

// The container that a key's record is in, of a pool of so many.
constexpr std::uint32_t container_of_key(std::string_view key, std::uint32_t containers) noexcept {
  return chi::container_of(chi::hash_bytes(key), containers);
}

struct Record {
  std::string key;
  chi::Bytes value;
};

// Many records for one container, which the caller names: on(chi::container(container_of_key(key, containers))). All
// are stored, or none: when a key belongs to another container, or when the container might not hold them all. Of equal
// keys the last one stays.
struct PutManyReply {
  std::uint64_t added = 0;
  std::uint64_t replaced = 0;
};
struct PutMany {
  static constexpr chi::Method kMethod{4, "put_many", chi::Access::write};
  using Reply = PutManyReply;
  std::vector<Record> records;
};

struct CountReply {
  std::uint64_t count = 0;
};
struct Count {
  static constexpr chi::Method kMethod{5, "count", chi::Access::read};
  using Reply = CountReply;
  static void merge(CountReply& into, CountReply&& from) { into.count += from.count; }
};

// The records whose keys begin with `prefix` and come after `after` (empty: all), in the order of their keys' bytes:
// the first `limit` (1 to 10,000), or fewer when they are large. The next ones: again, with `after` = the last key.
struct ScanReply {
  std::vector<Record> records;
  bool more = false;        // there are others behind the last one
  std::uint32_t limit = 0;  // as asked for
};
struct Scan {
  static constexpr chi::Method kMethod{6, "scan", chi::Access::read};
  using Reply = ScanReply;
  static void merge(ScanReply& into, ScanReply&& from);
  std::string prefix;
  std::uint32_t limit = 100;
  std::string after;
  bool keys_only = false;
};

// How many records have each value of the line `field`.
struct TallyReply {
  std::map<std::string, std::uint64_t, std::less<>> counts;
  std::uint64_t without = 0;  // records that have no such line
};
struct Tally {
  static constexpr chi::Method kMethod{7, "tally", chi::Access::read};
  using Reply = TallyReply;
  static void merge(TallyReply& into, TallyReply&& from);
  std::string field;
};

// The sum of the whole numbers in the line `value_field`, for each value of the line `group_field`.
struct Total {
  std::int64_t sum = 0;
  std::uint64_t records = 0;
};
struct SumReply {
  std::map<std::string, Total, std::less<>> totals;
  std::uint64_t skipped = 0;  // records without one of the lines, or whose value is no whole number of 64 bits
};
struct Sum {
  static constexpr chi::Method kMethod{8, "sum", chi::Access::read};
  using Reply = SumReply;
  // invalid_argument, with the group's name, where a sum goes beyond 64 bits, as in one container.
  static chi::Status merge(SumReply& into, SumReply&& from);
  std::string group_field;
  std::string value_field;
};

// How many values contain a match of the regular expression: RE2's syntax, UTF-8, at most 4096 bytes.
struct MatchReply {
  std::uint64_t matches = 0;
};
struct Match {
  static constexpr chi::Method kMethod{9, "match", chi::Access::read};
  using Reply = MatchReply;
  static void merge(MatchReply& into, MatchReply&& from) { into.matches += from.matches; }
  std::string pattern;
};

struct StatReply {
  std::uint64_t records = 0;
  std::uint64_t key_bytes = 0;
  std::uint64_t value_bytes = 0;
  std::uint64_t max_bytes = 0;  // of all together, at most 2^64-1; 0: one of them has no limit
};
struct Stat {
  static constexpr chi::Method kMethod{10, "stat", chi::Access::read};
  using Reply = StatReply;
  static void merge(StatReply& into, StatReply&& from);
};

}  // namespace kv

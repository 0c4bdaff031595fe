// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Scan: of a table without order, the first keys in order. One pass, and memory for `limit` pointers.
#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregates.h"

namespace kv {

namespace {

using Entry = Records::Entry;

// What a record takes in a reply, at most: beside its bytes two lengths, and what says how long the record is.
std::size_t bytes_of(std::string_view key, std::size_t value) { return 16 + key.size() + value; }

bool by_key(const Entry& a, const Entry& b) { return a.first < b.first; }

// The least `limit` of the keys that are asked for, in order; `more`: there are others.
std::vector<Entry> first_keys(const Records& records, const Scan& request, bool& more) {
  std::vector<Entry> kept;  // a heap, its greatest first
  for (const Entry entry : records) {
    if (!entry.first.starts_with(request.prefix)) continue;
    if (!request.after.empty() && entry.first <= request.after) continue;
    if (kept.size() == request.limit) {
      more = true;
      if (!by_key(entry, kept.front())) continue;
      std::pop_heap(kept.begin(), kept.end(), by_key);
      kept.pop_back();
    }
    kept.push_back(entry);
    std::push_heap(kept.begin(), kept.end(), by_key);
  }
  std::sort_heap(kept.begin(), kept.end(), by_key);
  return kept;
}

// Up to which key the two replies together have all records: one that has more behind it says nothing of what is beyond
// its last one. None: there is no end to it.
std::optional<std::string> horizon(const ScanReply& a, const ScanReply& b) {
  std::optional<std::string> out;
  for (const ScanReply* reply : {&a, &b}) {
    if (!reply->more || reply->records.empty()) continue;
    const std::string& last = reply->records.back().key;
    if (!out || last < *out) out = last;
  }
  return out;
}

}  // namespace

chi::Result<ScanReply> scan(const Records& records, const Scan& request) {
  if (request.limit == 0 || request.limit > kMaxScan) {
    return chi::Error{chi::Code::invalid_argument,
                      "limit is 1 to " + std::to_string(kMaxScan) + "; get the next ones with `after`",
                      {}};
  }
  ScanReply reply;
  reply.limit = request.limit;
  std::size_t bytes = 0;
  for (const Entry& entry : first_keys(records, request, reply.more)) {
    bytes += bytes_of(entry.first, request.keys_only ? 0 : entry.second.size());
    if (bytes > kMaxScanBytes && !reply.records.empty()) {
      reply.more = true;
      break;
    }
    Record& record = reply.records.emplace_back();
    record.key = entry.first;
    if (!request.keys_only) record.value = chi::Bytes::borrow(entry.second.data(), entry.second.size());
  }
  return reply;
}

void Scan::merge(ScanReply& into, ScanReply&& from) {
  const std::optional<std::string> end = horizon(into, from);
  std::vector<Record> all;
  all.reserve(into.records.size() + from.records.size());
  std::merge(std::move_iterator(into.records.begin()), std::move_iterator(into.records.end()),
             std::move_iterator(from.records.begin()), std::move_iterator(from.records.end()), std::back_inserter(all),
             [](const Record& a, const Record& b) { return a.key < b.key; });
  into.records = std::move(all);
  into.more = into.more || from.more || into.records.size() > into.limit;
  if (into.records.size() > into.limit) into.records.erase(into.records.begin() + into.limit, into.records.end());
  while (end && !into.records.empty() && into.records.back().key > *end) into.records.pop_back();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < into.records.size(); ++i) {
    bytes += bytes_of(into.records[i].key, into.records[i].value.size());
    if (bytes <= kMaxScanBytes || i == 0) continue;
    into.records.erase(into.records.begin() + static_cast<std::ptrdiff_t>(i), into.records.end());
    into.more = true;
  }
}

}  // namespace kv

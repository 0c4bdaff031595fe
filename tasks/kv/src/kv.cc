// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The module: which requests there are and who answers them. state.h: the records; aggregates.h: what is computed from
// all of them.
#include "kv/kv.h"

#include <chimaera/module.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "aggregates.h"
#include "state.h"

namespace kv {

void Stat::merge(StatReply& into, StatReply&& from) {
  into.records += from.records;
  into.key_bytes += from.key_bytes;
  into.value_bytes += from.value_bytes;
  const bool unlimited = into.max_bytes == 0 || from.max_bytes == 0;
  // A sum that began anew at 0 would say that there is no limit.
  if (__builtin_add_overflow(into.max_bytes, from.max_bytes, &into.max_bytes)) into.max_bytes = UINT64_MAX;
  if (unlimited) into.max_bytes = 0;
}

class Bucket : public chi::Container<State> {
 public:
  using Config = kv::Config;

  chi::Status open(const Config& config) {
    max_bytes_ = config.max_bytes;
    return {};
  }

  chi::Result<PutReply> on(const Put& put) {
    chi::Status right = check_key(put.key);
    if (!right.ok()) return std::move(right).error();
    const State::Stored stored = state().put(put.key, put.value.view(), max_bytes_);
    if (stored == State::Stored::refused) return full();
    return PutReply{stored == State::Stored::replaced};
  }

  chi::Result<GetReply> on(const Get& get) {
    const StoredRecord* found = state().records.find(get.key);
    if (!found) return GetReply{};
    return GetReply{chi::Bytes::borrow(found->value().data(), found->value().size())};
  }

  chi::Result<DelReply> on(const Del& del) {
    chi::Status right = check_key(del.key);
    if (!right.ok()) return std::move(right).error();
    return DelReply{state().erase(del.key)};
  }

  chi::Result<PutManyReply> on(const PutMany& request) {
    std::uint64_t growth = 0;
    for (const Record& record : request.records) {
      chi::Status right = check_key(record.key);
      if (!right.ok()) return std::move(right).error();
      growth += state().growth(record.key, record.value.size());
    }
    if (!state().has_room(growth, max_bytes_)) return full();
    PutManyReply reply;
    for (const Record& record : request.records) {
      const bool replaced = state().put(record.key, record.value.view(), 0) == State::Stored::replaced;
      ++(replaced ? reply.replaced : reply.added);
    }
    return reply;
  }

  chi::Result<CountReply> on(const Count&) { return CountReply{state().records.size()}; }
  chi::Result<ScanReply> on(const Scan& request) { return scan(state().records, request); }
  chi::Result<TallyReply> on(const Tally& request) { return tally(state().records, request); }
  chi::Result<SumReply> on(const Sum& request) { return sum(state().records, request); }
  chi::Result<MatchReply> on(const Match& request) { return match(state().records, request); }
  chi::Result<StatReply> on(const Stat&) {
    return StatReply{state().records.size(), state().key_bytes, state().value_bytes, max_bytes_};
  }

 private:
  chi::Status check_key(std::string_view key) const {
    if (key.empty() || key.size() > kMaxKey) {
      return {chi::Code::invalid_argument,
              "a key is 1 to " + std::to_string(kMaxKey) + " bytes; this one has " + std::to_string(key.size())};
    }
    const std::uint32_t owner = container_of_key(key, count());
    if (owner == index()) return {};
    return {chi::Code::invalid_argument,
            "'" + std::string(key) + "' belongs to container " + std::to_string(owner) + ": nobody would find it here"};
  }

  chi::Error full() const {
    return {chi::Code::resource_exhausted,
            "the container has " + std::to_string(state().records.size()) + " records in " +
                std::to_string(state().bytes()) + " bytes, and may have " + std::to_string(max_bytes_) +
                " (max_bytes): delete some, or create the pool with more containers or a larger max_bytes",
            {}};
  }

  std::uint64_t max_bytes_ = 0;
};

}  // namespace kv

CHI_EXPORT_MODULE(kv::Bucket, kv::Put, kv::Get, kv::Del, kv::PutMany, kv::Count, kv::Scan, kv::Tally, kv::Sum,
                  kv::Match, kv::Stat)

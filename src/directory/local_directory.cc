// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements local_directory.h. In the store: "directory/revision" is the last revision (8 bytes, little endian);
// "directory/entry/KEY" is the revision of the key, its lease (8 bytes each), and the value.
#include "directory/local_directory.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace chi {

namespace {

constexpr std::string_view kRevisionKey = "directory/revision";
constexpr std::string_view kEntryPrefix = "directory/entry/";
constexpr std::uint64_t kRetryNs = 1'000'000'000;
constexpr std::size_t kNumber = sizeof(std::uint64_t);

std::string entry_key(std::string_view key) { return std::string(kEntryPrefix).append(key); }

void append_number(std::string& out, std::uint64_t value) {
  for (std::size_t i = 0; i < kNumber; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kNumber; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

std::string number(std::uint64_t value) {
  std::string out;
  append_number(out, value);
  return out;
}

std::string record(const std::string& value, Revision revision, LeaseId lease) {
  std::string out;
  out.reserve(2 * kNumber + value.size());
  append_number(out, revision);
  append_number(out, lease);
  return out.append(value);
}

// The entry in `bytes`; revision kAbsent when they are damaged.
DirectoryEntry entry_of(std::string_view key, std::string_view bytes) {
  if (bytes.size() < 2 * kNumber) return {};
  return {std::string(key), std::string(bytes.substr(2 * kNumber)), number_at(bytes, 0), number_at(bytes, kNumber)};
}

Error damaged(std::string_view key) {
  return {Code::data_loss, fmt::format("the directory's record of '{}' is damaged; restore the store", key),
          "directory"};
}

Status check(std::string_view key, const std::optional<std::string>& value) {
  if (key.empty() || key.size() > kMaxDirectoryKey) {
    return {Code::invalid_argument,
            fmt::format("a directory key has 1 to {} bytes, not {}", kMaxDirectoryKey, key.size())};
  }
  if (value && value->size() > kMaxDirectoryValue) {
    return {Code::invalid_argument, fmt::format("the directory's value of '{}' has {} bytes, more than the limit of {}",
                                                key, value->size(), kMaxDirectoryValue)};
  }
  return {};
}

std::uint64_t end_of(std::uint64_t now_ns, std::uint64_t ttl_ns) {
  return ttl_ns > std::numeric_limits<std::uint64_t>::max() - now_ns ? std::numeric_limits<std::uint64_t>::max()
                                                                     : now_ns + ttl_ns;
}

Error no_lease(LeaseId lease) {
  return {Code::not_found, fmt::format("lease {} has ended or was never granted; ask for a new one", lease),
          "directory"};
}

}  // namespace

Result<std::unique_ptr<LocalDirectory>> LocalDirectory::open(Store& store, const Clock& clock) {
  std::unique_ptr<LocalDirectory> directory(new LocalDirectory(store, clock));
  std::lock_guard lock(directory->mutex_);
  if (Status status = directory->recover(); !status) return status.error();
  return directory;
}

Status LocalDirectory::recover() {
  auto revision = store_.get(kRevisionKey);
  if (!revision) return revision.error();
  if (*revision && (*revision)->size() != kNumber) return damaged("(last revision)");
  if (*revision) last_revision_ = number_at(**revision, 0);
  auto entries = read_all("");
  if (!entries) return entries.error();
  WriteBatch batch;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.revision > last_revision_) return damaged(entry.key);
    if (entry.lease != kNoLease) batch.erase(entry_key(entry.key));
  }
  return batch.changes().empty() ? Status() : store_.write(batch, Sync::yes);
}

Result<std::optional<DirectoryEntry>> LocalDirectory::read(std::string_view key) const {
  auto bytes = store_.get(entry_key(key));
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<DirectoryEntry>();
  DirectoryEntry entry = entry_of(key, **bytes);
  if (entry.revision == kAbsent) return damaged(key);
  return std::optional(std::move(entry));
}

Result<std::vector<DirectoryEntry>> LocalDirectory::read_all(std::string_view prefix) const {
  std::vector<DirectoryEntry> entries;
  Status found;
  Status scanned = store_.scan(entry_key(prefix), [&](std::string_view key, std::string_view bytes) {
    key.remove_prefix(kEntryPrefix.size());
    entries.push_back(entry_of(key, bytes));
    if (entries.back().revision == kAbsent) found = damaged(key);
    return found.ok();
  });
  if (!scanned) return scanned.error();
  if (!found) return found.error();
  return entries;
}

void LocalDirectory::move_to_lease(const std::string& key, LeaseId from, LeaseId to) {
  if (auto lease = leases_.find(from); lease != leases_.end()) lease->second.keys.erase(key);
  if (auto lease = leases_.find(to); lease != leases_.end()) lease->second.keys.insert(key);
}

Result<Revision> LocalDirectory::change(std::string_view key, Revision expected, std::optional<std::string> value,
                                        LeaseId lease) {
  if (Status status = end_overdue_leases(); !status) return status.error();
  if (lease != kNoLease && !leases_.contains(lease)) return no_lease(lease);
  auto present = read(key);
  if (!present) return present.error();
  Revision actual = *present ? (*present)->revision : kAbsent;
  if (actual != expected) {
    return Error{Code::aborted, fmt::format("'{}' is at revision {}, not {}: read it again", key, actual, expected),
                 "directory"};
  }
  if (actual == kAbsent && !value) return last_revision_;
  Revision revision = last_revision_ + 1;
  WriteBatch batch;
  batch.put(std::string(kRevisionKey), number(revision));
  if (value) {
    batch.put(entry_key(key), record(*value, revision, lease));
  } else {
    batch.erase(entry_key(key));
  }
  if (Status status = store_.write(batch, Sync::yes); !status) return status.error();
  last_revision_ = revision;
  move_to_lease(std::string(key), *present ? (*present)->lease : kNoLease, value ? lease : kNoLease);
  hub_.publish({std::string(key), std::move(value), revision});
  return revision;
}

Status LocalDirectory::end_lease(std::map<LeaseId, Lease>::iterator lease) {
  WriteBatch batch;
  Revision revision = last_revision_;
  for (const std::string& key : lease->second.keys) batch.erase(entry_key(key));
  if (!batch.changes().empty()) {
    revision += lease->second.keys.size();
    batch.put(std::string(kRevisionKey), number(revision));
    if (Status status = store_.write(batch, Sync::yes); !status) return status;
  }
  for (const std::string& key : lease->second.keys) hub_.publish({key, std::nullopt, ++last_revision_});
  leases_.erase(lease);
  return {};
}

Status LocalDirectory::end_overdue_leases() {
  std::uint64_t now = clock_.now_ns();
  for (auto at = leases_.begin(); at != leases_.end();) {
    auto lease = at++;
    if (lease->second.ends_ns > now) continue;
    if (Status status = end_lease(lease); !status) return status;
  }
  return {};
}

void LocalDirectory::get(std::string_view key, Done<std::optional<DirectoryEntry>> done) {
  std::unique_lock lock(mutex_);
  Status status = end_overdue_leases();
  auto entry = status ? read(key) : Result<std::optional<DirectoryEntry>>(status.error());
  lock.unlock();
  hub_.deliver();
  done(std::move(entry));
}

void LocalDirectory::list(std::string_view prefix, Done<std::vector<DirectoryEntry>> done) {
  std::unique_lock lock(mutex_);
  Status status = end_overdue_leases();
  auto entries = status ? read_all(prefix) : Result<std::vector<DirectoryEntry>>(status.error());
  lock.unlock();
  hub_.deliver();
  done(std::move(entries));
}

void LocalDirectory::cas(std::string_view key, Revision expected, std::optional<std::string> value, LeaseId lease,
                         Done<Revision> done) {
  if (Status status = check(key, value); !status) return done(status.error());
  std::unique_lock lock(mutex_);
  auto revision = change(key, expected, std::move(value), lease);
  lock.unlock();
  hub_.deliver();
  done(std::move(revision));
}

Result<std::unique_ptr<Directory::Watch>> LocalDirectory::watch(std::string_view prefix, Sink sink) {
  std::unique_lock lock(mutex_);
  Status status = end_overdue_leases();
  auto entries = status ? read_all(prefix) : Result<std::vector<DirectoryEntry>>(status.error());
  std::unique_ptr<Watch> watch;
  if (entries) {
    std::vector<DirectoryEvent> present;
    for (DirectoryEntry& entry : *entries) {
      present.push_back({std::move(entry.key), std::move(entry.value), entry.revision});
    }
    watch = hub_.add(std::string(prefix), std::move(sink), std::move(present));
  }
  lock.unlock();
  hub_.deliver();
  if (!entries) return std::move(entries).error();
  return watch;
}

void LocalDirectory::grant(std::uint64_t ttl_ns, Done<LeaseId> done) {
  std::unique_lock lock(mutex_);
  LeaseId id = ++last_lease_;
  leases_[id] = Lease{ttl_ns, end_of(clock_.now_ns(), ttl_ns), {}};
  lock.unlock();
  done(id);
}

void LocalDirectory::renew(LeaseId id, Done<void> done) {
  std::unique_lock lock(mutex_);
  Status status = end_overdue_leases();
  auto lease = leases_.find(id);
  if (status && lease == leases_.end()) status = no_lease(id);
  if (status) lease->second.ends_ns = end_of(clock_.now_ns(), lease->second.ttl_ns);
  lock.unlock();
  hub_.deliver();
  done(std::move(status));
}

void LocalDirectory::revoke(LeaseId id, Done<void> done) {
  std::unique_lock lock(mutex_);
  auto lease = leases_.find(id);
  Status status = lease == leases_.end() ? Status() : end_lease(lease);
  lock.unlock();
  hub_.deliver();
  done(std::move(status));
}

std::uint64_t LocalDirectory::expire() {
  std::unique_lock lock(mutex_);
  bool ended = end_overdue_leases().ok();
  std::uint64_t next = 0;
  for (const auto& [id, lease] : leases_) {
    if (next == 0 || lease.ends_ns < next) next = lease.ends_ns;
  }
  // Of a store that cannot be written now, the error goes to the next operation; here it is only a later time.
  if (!ended) next = clock_.now_ns() + kRetryNs;
  lock.unlock();
  hub_.deliver();
  return next;
}

}  // namespace chi

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The directory of one machine, kept in a Store. Every `done` runs on the calling thread before the operation returns;
// so do sinks, but that of several threads that make changes at once one may tell the sinks of all. Thread-safe.
//
// A lease ends with the daemon that granted it: keys under a lease are gone after open(). While the daemon runs, a
// lease ends at the first operation after its time, so for its watchers somebody has to call expire().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "directory/directory.h"
#include "directory/watch_hub.h"
#include "store/store.h"

namespace chi {

class LocalDirectory final : public Directory {
 public:
  // Reads what `store` holds. Store and clock are borrowed and outlive the directory.
  static Result<std::unique_ptr<LocalDirectory>> open(Store& store, const Clock& clock);

  void get(std::string_view key, Done<std::optional<DirectoryEntry>> done) override;
  void list(std::string_view prefix, Done<std::vector<DirectoryEntry>> done) override;
  void cas(std::string_view key, Revision expected, std::optional<std::string> value, LeaseId lease,
           Done<Revision> done) override;
  Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Sink sink) override;
  void grant(std::uint64_t ttl_ns, Done<LeaseId> done) override;
  void renew(LeaseId lease, Done<void> done) override;
  void revoke(LeaseId lease, Done<void> done) override;

  // Ends the leases whose time has come. Returns when the next one ends (of the clock), or 0 when there is none.
  std::uint64_t expire();

 private:
  struct Lease {
    std::uint64_t ttl_ns = 0;
    std::uint64_t ends_ns = 0;
    std::set<std::string> keys;
  };

  LocalDirectory(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // With mutex_ held:
  Status recover();
  Status end_overdue_leases();
  Status end_lease(std::map<LeaseId, Lease>::iterator lease);
  Result<std::optional<DirectoryEntry>> read(std::string_view key) const;
  Result<std::vector<DirectoryEntry>> read_all(std::string_view prefix) const;
  Result<Revision> change(std::string_view key, Revision expected, std::optional<std::string> value, LeaseId lease);
  void move_to_lease(const std::string& key, LeaseId from, LeaseId to);

  Store& store_;
  const Clock& clock_;
  WatchHub hub_;
  std::mutex mutex_;  // held while the store is written: revisions are in the order of the writes
  Revision last_revision_ = 0;
  LeaseId last_lease_ = 0;
  std::map<LeaseId, Lease> leases_;
};

}  // namespace chi

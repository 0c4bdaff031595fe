// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What all nodes agree on: pools, placement, epochs, nodes, module versions. Text keys ("pool/inventory"), each with a
// value and the revision of its last change. Revisions count the changes of the whole directory, so a key that was
// removed and made again has a higher one: compare-and-swap on it has no ABA.
//
// Every operation ends in one call of `done`, within the implementation's own deadline (then `unavailable`, or
// deadline_exceeded for a change whose fate is unknown). `done` may run before the operation returns, and on any
// thread; it must not wait. `await` (directory/await.h) turns an operation into a call that blocks.
// An implementation is usable from any thread.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chi {

using Revision = std::uint64_t;
using LeaseId = std::uint64_t;

inline constexpr Revision kAbsent = 0;  // the revision of a key that is not there
inline constexpr LeaseId kNoLease = 0;
inline constexpr std::size_t kMaxDirectoryKey = 1024;        // bytes; at least 1
inline constexpr std::size_t kMaxDirectoryValue = 1U << 20;  // bytes: it holds facts about data, not data

struct DirectoryEntry {
  std::string key;
  std::string value;
  Revision revision = kAbsent;
  LeaseId lease = kNoLease;
};

// The state of one key after a change.
struct DirectoryEvent {
  std::string key;
  std::optional<std::string> value;  // none: removed
  Revision revision = kAbsent;
};

class Directory {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;
  using Sink = std::function<void(const DirectoryEvent&)>;

  // Ends the watch when destroyed: its sink is not running on another thread then, and will never run again.
  class Watch {
   public:
    virtual ~Watch() = default;
  };

  virtual ~Directory() = default;

  // The entry, or none.
  virtual void get(std::string_view key, Done<std::optional<DirectoryEntry>> done) = 0;

  // The entries whose keys begin with `prefix`, in order of keys, as they were at one moment.
  virtual void list(std::string_view prefix, Done<std::vector<DirectoryEntry>> done) = 0;

  // Sets the key (or with no value removes it) if its revision is still `expected`; gives the change's revision.
  // `aborted` when the revision is another, `invalid_argument` beyond the limits above, `not_found` when there is no
  // such lease (any more). With a lease, the key goes when the lease does; without one, it loses the lease that it had.
  virtual void cas(std::string_view key, Revision expected, std::optional<std::string> value, LeaseId lease,
                   Done<Revision> done) = 0;

  // Gives the sink first what is there under `prefix`, then each change, one at a time. Of changes in quick succession
  // to one key only the last is sure to be told; a key's revisions only grow. A sink may use the directory and end any
  // watch, its own too, but must neither wait nor throw.
  virtual Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Sink sink) = 0;

  // A lease ends `ttl_ns` after the last time that it was granted or renewed, or when revoked, and its keys with it.
  // The holder may learn of this late: never let safety rest on a lease alone.
  virtual void grant(std::uint64_t ttl_ns, Done<LeaseId> done) = 0;
  virtual void renew(LeaseId lease, Done<void> done) = 0;   // not_found: it has ended
  virtual void revoke(LeaseId lease, Done<void> done) = 0;  // ok also when it has ended before
};

}  // namespace chi

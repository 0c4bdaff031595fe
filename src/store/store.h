// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the runtime needs of a disk: ordered keys with values, changed by atomic batches. The embedded directory lives
// in one; logs and snapshots are further key ranges. Keys and values are any bytes; keys sort as unsigned bytes.
//
// An implementation is usable from any thread. A read sees all batches whose write() has returned, and of every other
// batch all or nothing. Calls block; a worker never makes them.
#pragma once

#include <chimaera/result.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chi {

// Changes that take effect together, in order: the last one to a key wins.
class WriteBatch {
 public:
  struct Change {
    std::string key;
    std::optional<std::string> value;  // none: the key is removed
  };

  WriteBatch& put(std::string key, std::string value) {
    changes_.push_back({std::move(key), std::move(value)});
    return *this;
  }
  WriteBatch& erase(std::string key) {
    changes_.push_back({std::move(key), std::nullopt});
    return *this;
  }
  const std::vector<Change>& changes() const noexcept { return changes_; }

 private:
  std::vector<Change> changes_;
};

enum class Sync : bool {
  no = false,  // survives the death of the process
  yes = true,  // survives the death of the machine, once write() has returned ok
};

class Store {
 public:
  // Is given each key and its value, in order; returns whether it wants more. It must not call the store.
  using Visitor = std::function<bool(std::string_view key, std::string_view value)>;

  virtual ~Store() = default;

  // The value, or none when there is no such key. data_loss: the bytes are there and damaged.
  virtual Result<std::optional<std::string>> get(std::string_view key) const = 0;

  // All changes, or on an error none. When that cannot be told (a sync that failed half-way) the error is data_loss,
  // and the store refuses all further writes until it is opened anew.
  virtual Status write(const WriteBatch& batch, Sync sync) = 0;

  // Visits the keys that begin with `prefix`, as they were at one moment during the call.
  virtual Status scan(std::string_view prefix, const Visitor& visit) const = 0;
};

}  // namespace chi

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A Store that forgets: for volatile daemons, tests and simulations. Sync means nothing to it. Thread-safe.
#pragma once

#include <map>
#include <mutex>

#include "store/store.h"

namespace chi {

class MemoryStore final : public Store {
 public:
  Result<std::optional<std::string>> get(std::string_view key) const override;
  Status write(const WriteBatch& batch, Sync sync) override;
  Status scan(std::string_view prefix, const Visitor& visit) const override;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> entries_;
};

}  // namespace chi

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Brings many records into a pool of kv: in batches for each container, several of them under way. Not thread-safe.
#pragma once

#include <chimaera/client.h>
#include <kv/kv.h>

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace chi::cli {

class DemoLoader {
 public:
  DemoLoader(const Client& client, const Pool& pool, std::uint32_t containers)
      : client_(client), pool_(pool), batches_(containers) {}

  // Takes a copy. Waits while too much is under way; fails with what an earlier batch failed with.
  Status put(std::string_view key, std::string_view value);

  // Sends what is left, and waits until all is stored.
  Status finish();

 private:
  // Values lie behind each other in memory that the daemon sees: they are copied there once, and never again by us.
  struct Batch {
    Buffer memory;
    std::size_t used = 0;
    kv::PutMany request;
  };

  Status open(Batch& batch, std::size_t least) const;
  Status send(std::uint32_t container);
  Status take_oldest();

  Client client_;
  Pool pool_;
  std::vector<Batch> batches_;
  std::deque<Future<kv::PutManyReply>> sent_;
};

}  // namespace chi::cli

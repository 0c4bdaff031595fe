// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A call that is made for others to wait for: threads, or an event loop. Usable from any thread, with the GIL or not.
#pragma once

#include <chimaera/client.h>
#include <chimaera/future.h>
#include <chimaera/pool.h>
#include <chimaera/result.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace chi::python {

// Where the calls of one event loop say that they are complete, each by its token; the descriptor is readable while
// some have. It does not refer to the calls, which refer to it.
class Mailbox {
 public:
  Mailbox();  // throws std::system_error
  int fd() const noexcept { return event_.get(); }
  void put(std::uint64_t token);
  std::vector<std::uint64_t> take();

 private:
  UniqueFd event_;
  std::mutex mutex_;
  std::vector<std::uint64_t> tokens_;
};

class Call {
 public:
  Call() = default;
  Call(std::shared_ptr<Mailbox> mailbox, std::uint64_t token) : mailbox_(std::move(mailbox)), token_(token) {}

  void complete(Result<RawReply> result);
  bool done() const;
  // Returns done().
  bool wait_for(std::chrono::nanoseconds limit) const;

  // Precondition: done(). Lives as long as the call, and does not change.
  const Result<RawReply>& result() const noexcept { return *result_; }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::optional<Result<RawReply>> result_;
  const std::shared_ptr<Mailbox> mailbox_;
  const std::uint64_t token_ = 0;
};

// A request that can be kept: its bytes are a copy, or in memory that the client shares with the daemon.
struct Package {
  std::vector<std::uint8_t> fields;
  std::vector<Buffer> buffers;
  std::uint64_t references = 0;  // see Encoder::references
};

// Copies what is not shared. Fails with resource_exhausted where the client finds no memory for it.
Result<Package> pack(const Client& client, const Encoder& request);

}  // namespace chi::python

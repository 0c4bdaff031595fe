// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A call that is made for others to wait for: threads, or an event loop. Usable from any thread, with the GIL or not.
#pragma once

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

class Call;

// Where the calls of one event loop go when they are complete; its descriptor is readable while it has some.
class Mailbox {
 public:
  struct Letter {
    std::uint64_t token;
    std::shared_ptr<Call> call;
  };

  Mailbox();  // throws std::system_error
  int fd() const noexcept { return event_.get(); }
  void put(Letter letter);
  std::vector<Letter> take();

 private:
  UniqueFd event_;
  std::mutex mutex_;
  std::vector<Letter> letters_;
};

class Call : public std::enable_shared_from_this<Call> {
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
};

// Copies what is not shared. Fails with resource_exhausted where the client finds no memory for it.
Result<Package> pack(const Client& client, const chi_message& message);

}  // namespace chi::python

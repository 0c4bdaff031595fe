// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Waits for one operation of a directory, on the calling thread:
//   auto entry = await<std::optional<DirectoryEntry>>(5s, [&](const auto& done) { directory.get("pool/kv", done); });
// For threads that may block (start, administration, tests); never on a worker.
#pragma once

#include <chimaera/result.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace chi {

// The operation's result, or deadline_exceeded after `timeout`; the operation then goes on, and its result is dropped.
template <class T, class Operation>
Result<T> await(std::chrono::nanoseconds timeout, Operation&& start) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Result<T>> result;
  };
  auto shared = std::make_shared<Shared>();
  std::function<void(Result<T>)> done = [shared](Result<T> result) {
    std::lock_guard lock(shared->mutex);
    if (!shared->result) shared->result = std::move(result);
    shared->changed.notify_one();
  };
  std::forward<Operation>(start)(std::move(done));
  std::unique_lock lock(shared->mutex);
  if (!shared->changed.wait_for(lock, timeout, [&] { return shared->result.has_value(); })) {
    return Error{
        Code::deadline_exceeded, "the directory did not answer in time; whether a change was made is unknown", {}};
  }
  return std::move(*shared->result);
}

}  // namespace chi

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements connecting.h.
#include "connecting.h"

#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "interpreter.h"

namespace chi::python {

namespace {

struct Attempt {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<Client>> result;
};

// Signals are for the interpreter's threads.
void start(const std::shared_ptr<Attempt>& attempt, const ConnectOptions& options) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  struct Restore {
    const sigset_t& mask;
    ~Restore() { ::pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
  } restore{before};
  std::thread([attempt, options] {
    auto result = Client::connect(options);
    std::lock_guard lock(attempt->mutex);
    attempt->result.emplace(std::move(result));
    attempt->changed.notify_all();
  }).detach();
}

}  // namespace

Result<Client> connect_aside(const ConnectOptions& options) {
  const auto attempt = std::make_shared<Attempt>();
  try {
    start(attempt, options);
  } catch (const std::system_error& error) {
    return Error{Code::resource_exhausted, std::string("no thread to connect with: ") + error.what(), "client"};
  }
  for (;;) {
    {
      Unlocked while_it_waits;
      std::unique_lock lock(attempt->mutex);
      if (attempt->changed.wait_for(lock, kBetweenSignals, [&] { return attempt->result.has_value(); })) break;
    }
    check_signals();
  }
  return *std::move(attempt->result);
}

}  // namespace chi::python

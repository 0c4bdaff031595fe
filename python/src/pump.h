// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The thread that makes a client's asynchronous calls. A chi::Future belongs to the thread that made the call, but
// those of Python may be asked by any; so one thread has all of them. It never takes the GIL.
#pragma once

#include <chimaera/client.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "call.h"

namespace chi::python {

class Pump {
 public:
  explicit Pump(Client client);
  // Completes what is under way with `unavailable`, and waits for the thread's end.
  ~Pump();
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  void submit(std::shared_ptr<Call> call, Pool pool, std::uint32_t method, Package request);
  void cancel(std::shared_ptr<Call> call);

 private:
  struct Order {
    std::shared_ptr<Call> call;
    std::optional<Pool> pool;  // none: to be cancelled
    std::uint32_t method = 0;
    Package request;
  };
  struct Flight : chi::detail::Continuation {
    Pump* pump = nullptr;
    std::shared_ptr<Call> call;
    Future<RawReply> future;
  };

  void give(Order order);
  void run();
  bool next(std::vector<Order>& orders);
  void carry_out(Order& order);
  void start(Order& order);
  void finish(Flight& flight);

  const Client client_;
  std::unordered_map<const Call*, std::unique_ptr<Flight>> flights_;  // the thread's own

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Order> orders_;
  client::Waker waker_;
  bool idle_ = true;  // waits for `changed_`, not for the daemon
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace chi::python

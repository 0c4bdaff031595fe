// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements pump.h.
#include "pump.h"

#include <csignal>
#include <utility>

namespace chi::python {

namespace {

constexpr std::chrono::milliseconds kStep(200);  // longest sleep; it is woken, this is for a lost daemon

Error closed() { return {Code::unavailable, "the client was closed before the answer came", "client"}; }

}  // namespace

Pump::Pump(Client client) : client_(std::move(client)) {
  // Signals are for the interpreter's threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Pump::~Pump() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    waker_.wake();
  }
  changed_.notify_all();
  thread_.join();
}

void Pump::submit(std::shared_ptr<Call> call, Pool pool, std::uint32_t method, Package request) {
  give({std::move(call), std::move(pool), method, std::move(request)});
}

void Pump::cancel(std::shared_ptr<Call> call) { give({std::move(call), std::nullopt, 0, {}}); }

void Pump::give(Order order) {
  std::unique_lock lock(mutex_);
  orders_.push_back(std::move(order));
  if (!idle_) return waker_.wake();
  lock.unlock();
  changed_.notify_one();
}

void Pump::run() {
  {
    std::lock_guard lock(mutex_);
    waker_ = client_.waker();
  }
  std::vector<Order> orders;
  while (next(orders)) {
    for (Order& order : orders) carry_out(order);
    orders.clear();
    if (!flights_.empty()) client_.poll_for(kStep);
  }
  for (const auto& each : flights_) each.second->call->complete(closed());
  flights_.clear();
  for (const Order& order : orders) {
    if (order.pool) order.call->complete(closed());
  }
}

// Waits where nothing is under way. False at the end, with the orders that are left.
bool Pump::next(std::vector<Order>& orders) {
  std::unique_lock lock(mutex_);
  idle_ = flights_.empty();
  changed_.wait(lock, [this] { return stop_ || !idle_ || !orders_.empty(); });
  idle_ = false;
  orders.swap(orders_);
  return !stop_;
}

void Pump::carry_out(Order& order) {
  if (order.pool) return start(order);
  const auto found = flights_.find(order.call.get());
  if (found != flights_.end()) found->second->future.cancel();
}

void Pump::start(Order& order) {
  std::vector<chi_buffer> buffers;
  buffers.reserve(order.request.buffers.size());
  for (const Buffer& buffer : order.request.buffers) buffers.push_back(buffer.raw());
  const chi_message message{order.request.fields.data(), static_cast<std::uint32_t>(order.request.fields.size()),
                            static_cast<std::uint32_t>(buffers.size()), buffers.data()};
  auto flight = std::make_unique<Flight>();
  flight->pump = this;
  flight->call = std::move(order.call);
  flight->future = order.pool->call_raw(order.method, message, order.request.references);
  if (flight->future.ready()) return flight->call->complete(flight->future.get());
  flight->done = [](chi::detail::Continuation* self) noexcept {
    auto& landed = *static_cast<Flight*>(self);
    landed.pump->finish(landed);
  };
  flight->future.notify(*flight);
  flights_.emplace(flight->call.get(), std::move(flight));
}

void Pump::finish(Flight& flight) {
  flight.call->complete(flight.future.get());
  flights_.erase(flight.call.get());
}

}  // namespace chi::python

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Orders in, replies out, and the session with the daemon. What a request is as calls: perform.cc.
#include "nbd/transmission.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

namespace chi::nbd {
namespace {

constexpr std::chrono::milliseconds kStep(200);  // longest sleep; it is woken, this is for a lost daemon
constexpr std::chrono::seconds kPatience(5);     // of one who reads, for memory that others use
constexpr std::size_t kMostAtOnce = 64;          // replies of one system call

}  // namespace

Transmission::Transmission(const Export& exported, int socket, Notes& notes)
    : export_(exported), socket_(socket), notes_(notes), thread_([this] { run(); }) {}

Transmission::~Transmission() { finish(); }

bool Transmission::admit(const Order& order) {
  std::unique_lock lock(mutex_);
  room_there_.wait(lock,
                   [&] { return broken_ || (requests_ < kMostRequests && bytes_ + order.bytes() <= kMostBytes); });
  ++requests_;
  bytes_ += order.bytes();
  return !broken_;
}

void Transmission::give_memory(Order& order) {
  std::optional<Client> client;
  {
    std::lock_guard lock(mutex_);
    client = client_;
    order.session = session_;
  }
  if (client) {
    auto memory = client->allocate_buffer(order.request.length, kPatience);
    if (memory.ok()) {
      order.memory = *std::move(memory);
      return;
    }
  }
  order.session = 0;
  order.memory = Buffer::allocate(order.request.length);
}

void Transmission::submit(Order order) {
  std::unique_lock lock(mutex_);
  orders_.push_back(std::move(order));
  if (!idle_) return waker_.wake();
  lock.unlock();
  orders_there_.notify_one();
}

void Transmission::finish() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
    waker_.wake();
  }
  orders_there_.notify_one();
  thread_.join();
}

void Transmission::run() {
  open_session();
  while (next()) {
    prepare_session();
    start_all();
    send_replies();
    if (active_ > 0) device_->client().poll_for(kStep);
    send_replies();
  }
  close_session();
}

// Waits where nothing is under way. False: there is nothing more to come, and all is answered.
bool Transmission::next() {
  std::vector<Order> orders;
  bool more = true;
  {
    std::unique_lock lock(mutex_);
    idle_ = active_ == 0 && waiting_.empty();
    orders_there_.wait(lock, [this] { return finished_ || !idle_ || !orders_.empty(); });
    more = !idle_ || !orders_.empty();
    idle_ = false;
    orders.swap(orders_);
  }
  for (Order& order : orders) {
    if (order.failure == kOk) {
      waiting_.push_back(std::move(order));
    } else {
      answer(order, order.failure);
    }
  }
  return more;
}

// A session that was lost is left once nothing is under way in it. Without one, requests fail: the next ones try again.
void Transmission::prepare_session() {
  if (lost_ && active_ == 0) close_session();
  if (!device_ && !waiting_.empty()) open_session();
}

void Transmission::open_session() {
  auto device = Device::open(export_.daemon, export_.pool, export_.identity);
  if (!device.ok()) {
    notes_.tell("requests fail with EIO: " + device.error().to_string());
    for (const Order& order : waiting_) answer(order, kIoError);
    waiting_.clear();
    return;
  }
  device_ = *std::move(device);
  if (std::exchange(lost_, false)) notes_.tell("the daemon, and the pool, are there again");
  std::lock_guard lock(mutex_);
  client_ = device_->client();
  waker_ = device_->client().waker();
  ++session_;
}

void Transmission::close_session() {
  {
    std::lock_guard lock(mutex_);
    client_.reset();
    waker_ = {};
  }
  device_.reset();
}

void Transmission::start_all() {
  while (device_ && !lost_ && !waiting_.empty()) {
    Order order = std::move(waiting_.front());
    waiting_.pop_front();
    if (!start(std::move(order))) return;
  }
}

// False: it has to wait for memory that others use.
bool Transmission::start(Order order) {
  const Status moved = move_to_session(order);
  if (moved.ok()) {
    ++active_;
    serve(std::move(order)).detach();
  } else if (moved.code() == Code::resource_exhausted && (active_ > 0 || !replies_.empty())) {
    waiting_.push_front(std::move(order));
    return false;
  } else {
    ++active_;
    settle(std::move(order), moved);
  }
  return true;
}

Status Transmission::move_to_session(Order& order) {
  if (order.bytes() == 0 || (order.memory.data() && order.session == session_)) return {};
  auto memory = device_->client().allocate_buffer(order.request.length);
  if (!memory.ok()) return std::move(memory).error();
  if (order.memory.data()) std::memcpy(memory->data(), order.memory.data(), order.memory.size());
  order.memory = *std::move(memory);
  order.session = session_;
  return {};
}

void Transmission::answer(const Order& order, Failure failure) {
  Reply& reply = replies_.emplace_back();
  encode_reply(reply.header, order.request.cookie, failure);
  if (failure == kOk && order.request.command == kRead) reply.data = order.memory;
  reply.bytes = order.bytes();
}

void Transmission::send_replies() {
  for (std::size_t first = 0; first < replies_.size(); first += kMostAtOnce) {
    const std::size_t count = std::min(replies_.size() - first, kMostAtOnce);
    if (!broken_ && !send(first, count)) give_up();
    std::lock_guard lock(mutex_);
    for (std::size_t i = first; i < first + count; ++i) bytes_ -= replies_[i].bytes;
    requests_ -= static_cast<std::uint32_t>(count);
    room_there_.notify_one();
  }
  replies_.clear();
}

// Blocks while the client does not read: that is its own matter, for nothing of others waits for it.
bool Transmission::send(std::size_t first, std::size_t count) const {
  iovec parts[2 * kMostAtOnce];
  std::size_t used = 0;
  for (std::size_t i = first; i < first + count; ++i) {
    parts[used++] = {const_cast<std::uint8_t*>(replies_[i].header), kReplySize};
    if (!replies_[i].data.empty()) parts[used++] = {replies_[i].data.data(), replies_[i].data.size()};
  }
  iovec* at = parts;
  while (used > 0) {
    msghdr message{};
    message.msg_iov = at;
    message.msg_iovlen = used;
    const ssize_t sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    auto left = static_cast<std::size_t>(sent);
    for (; used > 0 && left >= at->iov_len; ++at, --used) left -= at->iov_len;
    if (used > 0) *at = {static_cast<std::uint8_t*>(at->iov_base) + left, at->iov_len - left};
  }
  return true;
}

void Transmission::give_up() {
  ::shutdown(socket_, SHUT_RDWR);  // ends the reading, too
  std::lock_guard lock(mutex_);
  broken_ = true;
}

}  // namespace chi::nbd

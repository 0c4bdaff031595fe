// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements call.h.
#include "call.h"

#include <chimaera/client.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace chi::python {

Mailbox::Mailbox() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_.get() < 0) throw std::system_error(errno, std::generic_category(), "no descriptor for an event loop");
}

void Mailbox::put(std::uint64_t token) {
  std::unique_lock lock(mutex_);
  const bool first = tokens_.empty();
  tokens_.push_back(token);
  lock.unlock();
  if (!first) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
}

std::vector<std::uint64_t> Mailbox::take() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(event_.get(), &count, sizeof count);
  std::lock_guard lock(mutex_);
  return std::exchange(tokens_, {});
}

void Call::complete(Result<RawReply> result) {
  {
    std::lock_guard lock(mutex_);
    result_ = std::move(result);
  }
  changed_.notify_all();
  if (mailbox_) mailbox_->put(token_);
}

bool Call::done() const {
  std::lock_guard lock(mutex_);
  return result_.has_value();
}

bool Call::wait_for(std::chrono::nanoseconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return result_.has_value(); });
}

Result<Package> pack(const Client& client, const Encoder& request) {
  const chi_message message = request.message();
  Package out;
  out.references = request.references();
  out.fields.assign(message.data, message.data + message.size);
  for (std::uint32_t i = 0; i < message.buffer_count; ++i) {
    const chi_buffer& from = message.buffers[i];
    if (from.block) {
      detail::block_add_reference(from.block);
      out.buffers.push_back(Buffer::adopt(from));
      continue;
    }
    auto copy = client.allocate_buffer(from.size);
    if (!copy.ok()) return std::move(copy).error();
    std::memcpy(copy->data(), from.data, from.size);
    out.buffers.push_back(*std::move(copy));
  }
  return out;
}

}  // namespace chi::python

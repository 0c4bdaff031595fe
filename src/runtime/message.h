// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A message that owns what it holds: the encoded fields as a copy, the buffers by reference.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "chimaera/bytes.h"
#include "chimaera/result.h"
#include "shm/layout.h"

namespace chi::runtime {

// Movable; not thread-safe. Small messages need no memory of their own.
class OwnedMessage {
 public:
  OwnedMessage() = default;
  explicit OwnedMessage(const chi_message& message) { copy(message); }

  // Takes references of its own to the buffers; a buffer without a block is copied, for nobody else keeps it.
  void copy(const chi_message& message) {
    copy_fields(message.data, message.size);
    buffers_.clear();
    for (std::uint32_t i = 0; i < message.buffer_count; ++i) {
      detail::block_add_reference(message.buffers[i].block);
      buffers_.add(message.buffers[i]);
    }
  }

  // As copy, but the references that the message's buffers come with pass to this object.
  void adopt(const chi_message& message) {
    copy_fields(message.data, message.size);
    buffers_.clear();
    for (std::uint32_t i = 0; i < message.buffer_count; ++i) buffers_.add(message.buffers[i]);
  }

  // Valid until this object changes or moves. The references stay this object's, which notices when a buffer's `block`
  // is put to null: see Answer::gives_buffers.
  chi_message view() const noexcept { return {data(), size_, buffers_.count(), buffers_.data()}; }

  const std::uint8_t* data() const noexcept { return heap_ ? heap_.get() : inline_; }
  std::uint32_t size() const noexcept { return size_; }

 private:
  static constexpr std::uint32_t kInline = 128;

  // Buffers with a reference each.
  class References {
   public:
    References() = default;
    References(References&& other) noexcept : list_(std::exchange(other.list_, {})) {}
    References& operator=(References&& other) noexcept {
      list_.swap(other.list_);
      return *this;
    }
    ~References() { clear(); }

    // Takes the reference over; what has no block is copied.
    void add(const chi_buffer& buffer) {
      if (buffer.block) return list_.push_back(buffer);
      const Buffer own = Buffer::allocate(buffer.size);
      if (buffer.size != 0) std::memcpy(own.data(), buffer.data, buffer.size);
      detail::block_add_reference(own.raw().block);
      list_.push_back(own.raw());
    }
    void clear() noexcept {
      for (const chi_buffer& buffer : list_) detail::block_release(buffer.block);
      list_.clear();
    }
    std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(list_.size()); }
    const chi_buffer* data() const noexcept { return list_.data(); }

   private:
    std::vector<chi_buffer> list_;
  };

  void copy_fields(const std::uint8_t* data, std::uint32_t size) {
    heap_.reset(size > kInline ? new std::uint8_t[size] : nullptr);
    if (size != 0) std::memcpy(heap_ ? heap_.get() : inline_, data, size);
    size_ = size;
  }

  std::uint32_t size_ = 0;
  std::uint8_t inline_[kInline];
  std::unique_ptr<std::uint8_t[]> heap_;
  References buffers_;
};

// How a call ended, as its maker is told. The message is valid only while the maker is being told.
struct Answer {
  Code code = Code::ok;
  // Of shm::ReplySlot. kStillRunning: the handler goes on, and with it the use of the request's buffers; kGathered: the
  // message is a gathered set of replies; kNotAdmitted.
  std::uint8_t flags = 0;
  // Whoever keeps the message may take its buffers' references along, by putting null in the place of their blocks: so
  // that a reply's memory has one reference, and can be handed over. The array is then the runtime's own.
  bool gives_buffers = false;
  chi_message message{};

  bool still_running() const noexcept { return (flags & shm::kStillRunning) != 0; }

  // The message, for longer than the answer.
  OwnedMessage kept() const {
    if (!gives_buffers) return OwnedMessage(message);
    OwnedMessage out;
    out.adopt(message);
    auto* buffers = const_cast<chi_buffer*>(message.buffers);
    for (std::uint32_t i = 0; i < message.buffer_count; ++i) buffers[i].block = nullptr;
    return out;
  }
};

}  // namespace chi::runtime

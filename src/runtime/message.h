// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A message that owns what it holds: the encoded fields as a copy, the buffers by reference.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "chimaera/bytes.h"
#include "chimaera/result.h"

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
    for (std::uint32_t i = 0; i < message.buffer_count; ++i) buffers_.push_back(keep(message.buffers[i]));
    refresh();
  }

  // As copy, but the references that the message's buffers come with pass to this object.
  void adopt(const chi_message& message) {
    copy_fields(message.data, message.size);
    buffers_.clear();
    for (std::uint32_t i = 0; i < message.buffer_count; ++i) {
      const chi_buffer& buffer = message.buffers[i];
      buffers_.push_back(buffer.block ? Buffer::adopt(buffer) : keep(buffer));
    }
    refresh();
  }

  // Valid until this object changes or moves.
  chi_message view() const noexcept {
    return {data(), size_, static_cast<std::uint32_t>(buffers_.size()), raw_.data()};
  }

  const std::uint8_t* data() const noexcept { return heap_ ? heap_.get() : inline_; }
  std::uint32_t size() const noexcept { return size_; }

 private:
  static constexpr std::uint32_t kInline = 128;

  static Buffer keep(const chi_buffer& buffer) {
    if (buffer.block) {
      detail::block_add_reference(buffer.block);
      return Buffer::adopt(buffer);
    }
    Buffer own = Buffer::allocate(buffer.size);
    if (buffer.size != 0) std::memcpy(own.data(), buffer.data, buffer.size);
    return own;
  }

  void copy_fields(const std::uint8_t* data, std::uint32_t size) {
    heap_.reset(size > kInline ? new std::uint8_t[size] : nullptr);
    if (size != 0) std::memcpy(heap_ ? heap_.get() : inline_, data, size);
    size_ = size;
  }

  void refresh() {
    raw_.clear();
    for (const Buffer& buffer : buffers_) raw_.push_back(buffer.raw());
  }

  std::uint32_t size_ = 0;
  std::uint8_t inline_[kInline];
  std::unique_ptr<std::uint8_t[]> heap_;
  std::vector<Buffer> buffers_;
  std::vector<chi_buffer> raw_;
};

// How a call ended, as its maker is told. The message is valid only while the maker is being told.
struct Answer {
  Code code = Code::ok;
  bool still_running = false;  // the handler goes on, and with it the use of the request's buffers
  bool gathered = false;       // the message is a gathered set of replies
  chi_message message{};
};

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Encoder: builds a chi_message, encoded fields and attached buffers, by appending. codec.h drives it.
// Not thread-safe. Writes into the caller's scratch as long as that lasts, then into memory of its own; may throw
// std::bad_alloc. A message that cannot be (4 GiB, too many buffers) makes it fail, for good: ask status() at the end.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/bytes.h>
#include <chimaera/result.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <span>
#include <string_view>

namespace chi {

inline constexpr std::uint32_t kBufferMark = 0x80000000U;  // of a Bytes or Buffer: the rest is a buffer's position
inline constexpr std::size_t kInlineBytes = 512;           // larger Bytes travel as buffers

class Encoder {
 public:
  // `scratch` must outlive the encoder and its message.
  explicit Encoder(std::span<std::uint8_t> scratch = {}) noexcept
      : begin_(scratch.data()), at_(begin_), end_(begin_ + scratch.size()), scratch_(begin_) {}
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  ~Encoder() {
    if (buffer_count_ != 0 || begin_ != scratch_) release();
  }

  // From here on all Bytes become part of the fields, whatever their size; a Buffer makes the encoder fail.
  // For what must stand on its own: states, logs, files.
  void inline_bytes() noexcept { by_reference_ = false; }

  void raw(const void* data, std::size_t size) {
    if (std::uint8_t* to = room(size); to && size != 0) std::memcpy(to, data, size);
  }
  void u8(std::uint8_t value) { raw(&value, sizeof value); }
  void u16(std::uint16_t value) { raw(&value, sizeof value); }
  void u32(std::uint32_t value) { raw(&value, sizeof value); }
  void u64(std::uint64_t value) { raw(&value, sizeof value); }

  // A length or count.
  void length(std::size_t value) {
    if (value > std::numeric_limits<std::uint32_t>::max()) return fail(kTooLarge);
    u32(static_cast<std::uint32_t>(value));
  }

  void string(std::string_view text) {
    length(text.size());
    raw(text.data(), text.size());
  }

  void bytes(const Bytes& value) {
    if (value.size() > kInlineBytes && by_reference_ && buffer_count_ < CHI_MAX_BUFFERS) {
      u32(kBufferMark | attach(value.region()));
    } else if (value.size() >= kBufferMark) {
      fail(kTooLarge);
    } else {
      string(value.view());
    }
  }

  void buffer(const Buffer& value) {
    if (!by_reference_) return fail("a Buffer is shared memory and cannot be stored: use Bytes");
    if (!value.raw().block && !value.empty()) {
      return fail(
          "a Buffer of memory that nobody owns cannot be shared: use Buffer::allocate(), or the client's memory");
    }
    const std::uint32_t at = attach(value);
    references_ |= std::uint64_t{1} << at;
    u32(kBufferMark | at);
  }

  // Adds a reference to the buffer and returns its position in the message; 0 when there are too many.
  std::uint32_t attach(const Buffer& value) {
    if (buffer_count_ == CHI_MAX_BUFFERS) {
      fail("more than 64 buffers in one message: use fewer Buffer fields, or several calls");
      return 0;
    }
    if (buffer_count_ == kFew && buffers_ == few_) move_buffers();
    detail::block_add_reference(value.raw().block);
    buffers_[buffer_count_] = value.raw();
    return buffer_count_++;
  }

  // A u32 that holds how many bytes were written between open_size() and close_size(its result).
  std::size_t open_size() {
    std::size_t position = size();
    u32(0);
    return position;
  }
  void close_size(std::size_t position) {
    if (failed()) return;
    auto written = static_cast<std::uint32_t>(size() - position - sizeof(std::uint32_t));
    std::memcpy(begin_ + position, &written, sizeof written);
  }

  std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  std::uint32_t buffer_count() const noexcept { return buffer_count_; }
  // Which of the attached buffers, by bit, are Buffers: memory in which both sides work. The others are bytes by value.
  std::uint64_t references() const noexcept { return references_; }
  bool in_scratch() const noexcept { return begin_ == scratch_; }

  // Valid until the encoder changes. Precondition: !failed().
  chi_message message() const noexcept { return {begin_, static_cast<std::uint32_t>(size()), buffer_count_, buffers_}; }

  // The attached buffers; their references are the caller's from now on. Valid as message() is. Attach no more after
  // it.
  std::span<const chi_buffer> take_buffers() noexcept {
    owns_buffers_ = false;
    return {buffers_, buffer_count_};
  }

  void fail(const char* literal) noexcept {
    if (!failure_) failure_ = literal;
    end_ = at_;
  }
  bool failed() const noexcept { return failure_ != nullptr; }
  Status status() const {
    if (!failure_) return {};
    return Error{Code::invalid_argument, std::string("cannot encode: ") + failure_, {}};
  }

 private:
  static constexpr std::uint32_t kFew = 4;
  static constexpr const char* kTooLarge = "the message is larger than 4 GiB: split it";

  // Where the next `size` bytes go; null when failed.
  std::uint8_t* room(std::size_t size) {
    if (size > static_cast<std::size_t>(end_ - at_)) return grow(size);
    std::uint8_t* to = at_;
    at_ += size;
    return to;
  }

  [[gnu::noinline]] std::uint8_t* grow(std::size_t more) {
    constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
    const std::size_t used = size();
    if (!failure_ && more > kMost - used) fail(kTooLarge);
    if (failure_) return nullptr;
    std::size_t capacity = used < 512 ? 1024 : used * 2;
    if (capacity < used + more) capacity = used + more;
    auto* memory = static_cast<std::uint8_t*>(::operator new(capacity));
    if (used != 0) std::memcpy(memory, begin_, used);
    if (begin_ != scratch_) ::operator delete(begin_);
    begin_ = memory;
    end_ = memory + capacity;
    at_ = memory + used + more;
    return memory + used;
  }

  [[gnu::noinline]] void move_buffers() {
    buffers_ = static_cast<chi_buffer*>(::operator new(sizeof(chi_buffer) * CHI_MAX_BUFFERS));
    std::memcpy(buffers_, few_, sizeof few_);
  }

  [[gnu::noinline]] void release() noexcept {
    for (std::uint32_t i = 0; owns_buffers_ && i < buffer_count_; ++i) detail::block_release(buffers_[i].block);
    if (buffers_ != few_) ::operator delete(buffers_);
    if (begin_ != scratch_) ::operator delete(begin_);
  }

  std::uint8_t* begin_;
  std::uint8_t* at_;
  std::uint8_t* end_;
  std::uint8_t* scratch_;
  const char* failure_ = nullptr;
  std::uint32_t buffer_count_ = 0;
  bool by_reference_ = true;
  bool owns_buffers_ = true;
  std::uint64_t references_ = 0;
  static_assert(CHI_MAX_BUFFERS <= 64);
  chi_buffer* buffers_ = few_;
  chi_buffer few_[kFew];  // not initialised: most messages have none
};

}  // namespace chi

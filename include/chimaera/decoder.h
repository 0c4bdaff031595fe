// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Decoder: reads a chi_message from front to back. codec.h drives it. Not thread-safe; may throw std::bad_alloc.
//
// The encoded fields may lie in memory that a hostile peer changes meanwhile. So each byte is read once, into a local
// that the compiler cannot read again, and only then checked. The first fault is kept; after it everything reads as
// zero and nothing is left, so that callers need to look only where they loop. `buffers` must be checked by the caller.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/bytes.h>
#include <chimaera/encoder.h>
#include <chimaera/result.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace chi {

class Decoder {
 public:
  // The message's memory must outlive the decoder.
  explicit Decoder(const chi_message& message) noexcept
      : begin_(message.data),
        at_(message.data),
        end_(message.data + message.size),
        buffers_(message.buffers),
        buffer_count_(message.buffer_count) {}
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // From here on Bytes that are among the fields refer to the message's memory instead of copying it. For those who use
  // the value only as long as that stays as it is.
  void borrow_bytes() noexcept { borrows_ = true; }

  bool ok() const noexcept { return failure_ == nullptr; }
  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  // Copies `size` bytes to `out`; false, and `out` untouched, when there are not so many.
  bool raw(void* out, std::size_t size) noexcept {
    if (size > remaining()) return fail("ends in the middle of a value");
    if (size != 0) std::memcpy(out, at_, size);
    at_ += size;
    return true;
  }

  // An integer; 0 when it is not there.
  template <class T>
  T number() noexcept {
    T value = 0;
    raw(&value, sizeof value);
    asm volatile("" : "+r"(value));
    return value;
  }
  std::uint8_t u8() noexcept { return number<std::uint8_t>(); }
  std::uint16_t u16() noexcept { return number<std::uint16_t>(); }
  std::uint32_t u32() noexcept { return number<std::uint32_t>(); }
  std::uint64_t u64() noexcept { return number<std::uint64_t>(); }

  bool boolean() noexcept {
    const std::uint8_t mark = u8();
    if (mark > 1) return fail("a bool or optional's mark is neither 0 nor 1");
    return mark == 1;
  }

  // A count of bytes, all of which are there.
  std::size_t length() noexcept { return count(1); }

  // A count of elements that take at least `least` bytes (> 0) each: no more than what is left can hold.
  std::size_t count(std::size_t least) noexcept {
    const std::uint32_t value = u32();
    if (value > remaining() / least) return fail("a length or count goes beyond the end");
    return value;
  }

  void string(std::string& out) {
    const std::size_t size = length();
    out.assign(reinterpret_cast<const char*>(at_), size);
    at_ += size;
  }

  void skip(std::size_t size) noexcept {
    if (size > remaining()) {
      fail("ends in the middle of a value");
    } else {
      at_ += size;
    }
  }

  // The referred buffer by reference, or a copy of the bytes that are among the fields.
  void bytes(Bytes& out) {
    const std::uint32_t word = u32();
    if (word & kBufferMark) {
      out = Bytes::from(attached(word & ~kBufferMark));
    } else if (word > remaining()) {
      fail("a length or count goes beyond the end");
    } else {
      out = borrows_ ? Bytes::borrow(at_, word) : Bytes(at_, word);
      at_ += word;
    }
  }

  void buffer(Buffer& out) noexcept {
    const std::uint32_t word = u32();
    if (!(word & kBufferMark)) {
      fail("a Buffer is not given as a buffer");
    } else {
      out = attached(word & ~kBufferMark);
    }
  }

  // Narrows the decoder to the next `size` bytes; returns what leave() needs to go on behind them.
  const std::uint8_t* enter(std::size_t size) noexcept {
    const std::uint8_t* outer = end_;
    if (size > remaining()) {
      fail("a length or count goes beyond the end");
    } else {
      end_ = at_ + size;
    }
    return outer;
  }
  void leave(const std::uint8_t* outer) noexcept {
    at_ = ok() ? end_ : outer;
    end_ = outer;
  }

  // Keeps the first fault; always false. `literal` completes "the message ...".
  [[gnu::cold, gnu::noinline]] bool fail(const char* literal, Code code = Code::invalid_argument) noexcept {
    if (!failure_) {
      failure_ = literal;
      code_ = code;
      fault_at_ = static_cast<std::size_t>(at_ - begin_);
    }
    at_ = end_;
    return false;
  }

  // Says in which field the fault was; called from the innermost outward.
  [[gnu::cold, gnu::noinline]] void blame(std::string_view field) {
    path_ = path_.empty() ? std::string(field) : std::string(field) + "." + path_;
  }

  // "cannot decode field 'key': the message ends in the middle of a value (byte 12); ..."
  [[gnu::cold, gnu::noinline]] Status status() const {
    if (ok()) return {};
    std::string text = path_.empty() ? std::string("cannot decode: ") : "cannot decode field '" + path_ + "': ";
    text.append("the message ").append(failure_).append(" (byte ").append(std::to_string(fault_at_)).append(")");
    if (code_ == Code::invalid_argument) text += "; it is damaged, or of another type than its reader's";
    return Error{code_, std::move(text), {}};
  }

 private:
  Buffer attached(std::uint32_t index) noexcept {
    if (index >= buffer_count_) {
      fail("refers to a buffer that it does not have");
      return {};
    }
    const chi_buffer raw = buffers_[index];
    detail::block_add_reference(raw.block);
    return Buffer::adopt(raw);
  }

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const chi_buffer* buffers_;
  std::uint32_t buffer_count_;
  bool borrows_ = false;
  Code code_ = Code::ok;
  const char* failure_ = nullptr;
  std::size_t fault_at_ = 0;
  std::string path_;
};

}  // namespace chi

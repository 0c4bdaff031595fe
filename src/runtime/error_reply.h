// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// An Error as the answer to a call.
#pragma once

#include <string>

#include "chimaera/codec.h"
#include "runtime/message.h"

namespace chi::runtime {

inline Error reply_too_large(std::uint64_t size, std::uint64_t most, const std::string& where) {
  return {Code::resource_exhausted,
          "a reply of " + std::to_string(size) + " bytes of fields; at most " + std::to_string(most) +
              " (call.max_message) may be: ask for less at once; a module passes bulk data as Bytes or Buffer",
          where};
}

class ErrorReply {
 public:
  ErrorReply(const ErrorReply&) = delete;
  // `flags`: see Answer.
  explicit ErrorReply(const Error& error, std::uint8_t flags = 0)
      : code_(error.code), flags_(flags), bytes_(encode_to_string(error)) {}

  // Valid as long as this object.
  Answer answer() const noexcept {
    Answer out;
    out.code = code_;
    out.flags = flags_;
    out.message.data = reinterpret_cast<const std::uint8_t*>(bytes_.data());
    out.message.size = static_cast<std::uint32_t>(bytes_.size());
    return out;
  }

 private:
  Code code_;
  std::uint8_t flags_;
  std::string bytes_;
};

}  // namespace chi::runtime

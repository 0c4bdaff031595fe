// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// An Error as the answer to a call.
#pragma once

#include <string>

#include "chimaera/codec.h"
#include "runtime/message.h"

namespace chi::runtime {

class ErrorReply {
 public:
  ErrorReply(const ErrorReply&) = delete;
  explicit ErrorReply(const Error& error, bool still_running = false)
      : code_(error.code), still_running_(still_running), bytes_(encode_to_string(error)) {}

  // Valid as long as this object.
  Answer answer() const noexcept {
    Answer out;
    out.code = code_;
    out.still_running = still_running_;
    out.message.data = reinterpret_cast<const std::uint8_t*>(bytes_.data());
    out.message.size = static_cast<std::uint32_t>(bytes_.size());
    return out;
  }

 private:
  Code code_;
  bool still_running_;
  std::string bytes_;
};

}  // namespace chi::runtime

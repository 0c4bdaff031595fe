// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The first half of an NBD connection: greeting and options, newstyle, as a machine that takes a client's bytes,
// however they were cut, and gives those to send. A client that does not know the fixed newstyle reads no replies to
// options: it may only name its export. At most one option's data is kept. Used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "nbd/wire.h"

namespace chi::nbd {

class Handshake {
 public:
  enum class State {
    options,       // it wants more bytes
    transmission,  // the client has the export: what follows are requests
    ended,         // what was written is to be sent, then the connection to be closed
  };

  // `offer` outlives it.
  explicit Handshake(const Offer& offer);

  State state() const noexcept { return state_; }

  // Gives how many of the bytes it used: all of them, while it is in options.
  std::size_t take(std::span<const std::uint8_t> bytes);

  // What is to be sent by now, once.
  std::string output();

 private:
  static constexpr std::size_t kMaxData = 16 << 10;  // of an option

  void complete();
  void take_flags();
  void take_header();
  void answer_option();
  void answer_info();
  void answer_export_name();
  bool names_export(const std::string& name) const { return name.empty() || name == offer_.name; }
  void reply(OptionReply type, std::string_view text) { append_option_reply(output_, header_.option, type, text); }
  void want_header();

  enum class Part { flags, header, data };

  const Offer& offer_;
  State state_ = State::options;
  Part part_ = Part::flags;
  std::size_t wanted_ = 4;  // bytes of the part
  std::string bytes_;       // of it, so far
  bool fixed_ = true;       // the client reads replies to options
  bool zeroes_ = true;      // it wants some behind the answer to EXPORT_NAME
  OptionHeader header_;
  std::string output_;
};

}  // namespace chi::nbd

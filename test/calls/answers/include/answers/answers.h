// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Answers as they are asked for: with memory and fields of a size, or with an error; at once, or after a wait. Each
// run of a handler is counted.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/method.h>
#include <chimaera/result.h>

#include <cstdint>
#include <string>

namespace answers {

struct Done {};

// `size` bytes of memory for the caller, each of the value 7, beside a text of `fields` bytes.
struct Given {
  std::string text;
  chi::Bytes data;
};
struct Give {
  static constexpr chi::Method kMethod{1, "give", chi::Access::read};
  using Reply = Given;
  std::uint64_t size = 0;
  std::uint64_t fields = 0;
};
// By a coroutine, which waits so many times first.
struct GiveLater {
  static constexpr chi::Method kMethod{2, "give_later", chi::Access::read};
  using Reply = Given;
  std::uint64_t size = 0;
  std::uint64_t fields = 0;
  std::uint32_t naps = 0;
};
// As the next container gives it.
struct GiveNext {
  static constexpr chi::Method kMethod{3, "give_next", chi::Access::read};
  using Reply = Given;
  std::uint64_t size = 0;
  std::uint64_t fields = 0;
};

struct Refuse {
  static constexpr chi::Method kMethod{4, "refuse", chi::Access::write};
  using Reply = Done;
  chi::Code code = chi::Code::internal;
  std::string where;
};
struct RefuseLater {
  static constexpr chi::Method kMethod{5, "refuse_later", chi::Access::write};
  using Reply = Done;
  chi::Code code = chi::Code::internal;
  std::string where;
};
// With what the next container refuses with; or, without a code, with what a call to a pool that is gone ends with.
struct RefuseNext {
  static constexpr chi::Method kMethod{6, "refuse_next", chi::Access::write};
  using Reply = Done;
  chi::Code code = chi::Code::ok;
  std::string where;
};
// Sends the next container a request with so many bytes of fields.
struct Send {
  static constexpr chi::Method kMethod{8, "send", chi::Access::read};
  using Reply = Done;
  std::uint64_t fields = 0;
};
struct Take {
  static constexpr chi::Method kMethod{9, "take", chi::Access::read};
  using Reply = Done;
  std::string text;
};

// How many handlers of those above have begun here.
struct RunsReply {
  std::uint64_t runs = 0;
};
struct Runs {
  static constexpr chi::Method kMethod{7, "runs", chi::Access::read};
  using Reply = RunsReply;
  static void merge(RunsReply& into, RunsReply&& from) { into.runs += from.runs; }
};

}  // namespace answers

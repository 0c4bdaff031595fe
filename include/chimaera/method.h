// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a request type says of itself. A request is a plain aggregate with
//   static constexpr chi::Method kMethod{1, "put", chi::Access::write};
//   using Reply = PutReply;
// and, where it applies,
//   static constexpr chi::Route kRoute = chi::Route::hash("key");   // or Route::all(), Route::any()
//   static void merge(Reply& into, Reply&& from);                    // folds several containers' replies; or a Status
//   static constexpr chi::Version kVersion{2, 1};                    // of its fields; {1, 1} where absent
#pragma once

#include <cstdint>
#include <string_view>

namespace chi {

enum class Access : std::uint8_t { read = 0, write = 1 };

// What a handler takes as a rule. A long-running one, of a millisecond and more, is kept apart from the small ones that
// its worker would else not come to; the runtime learns of those that do not say so from what it measures.
enum class Duration : std::uint8_t { usual = 0, long_running = 1 };

struct Method {
  std::uint32_t id;       // 1 to 1023; never reused for another meaning
  std::string_view name;  // as typed in `chimaera call`; lower_snake_case, a literal
  Access access;          // write: may change the state, so it is what a log records
  Duration duration = Duration::usual;
};

// Where a call goes whose caller names no query. Without kRoute: to all containers when the request can merge, else
// to container 0 of a pool of one, else to any.
struct Route {
  enum class Kind : std::uint8_t { none = 0, hash = 1, all = 2, any = 3 };
  Kind kind = Kind::none;
  std::string_view field{};  // of hash: the name of a string or integer field of the request

  static constexpr Route hash(std::string_view name) { return {Kind::hash, name}; }
  static constexpr Route all() { return {Kind::all, {}}; }
  static constexpr Route any() { return {Kind::any, {}}; }
};

// Of an encoded aggregate: its version, and the oldest reader that still understands it.
struct Version {
  std::uint8_t current = 1;
  std::uint8_t oldest = 1;
};

enum class Priority : std::uint8_t { low_latency = 0, high_throughput = 1 };

// A request that every pool answers by itself: once all tasks that the container admitted before are complete, whoever
// submitted them, suspended ones included. Tasks that come later do not wait for it, nor it for them.
//   auto all_done = pool.gather<chi::Barrier>().get();
struct Barrier {
  static constexpr Method kMethod{0, "barrier", Access::read};
  static constexpr Route kRoute = Route::all();
  struct Reply {};
};

}  // namespace chi

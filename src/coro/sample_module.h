// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A module of every kind of handler, for the tests of the boundary.
#pragma once

#include <chimaera/module.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace chi::sample {

struct State {
  static constexpr Version kVersion{2, 2};
  std::map<std::string, std::string> items;
};

struct Done {};
struct Text {
  std::string text;
};
struct Number {
  std::uint64_t number = 0;
};

struct Put {
  static constexpr Method kMethod{1, "put", Access::write};
  static constexpr Route kRoute = Route::hash("key");
  using Reply = Done;
  std::string key;
  std::string value;
};
struct Get {
  static constexpr Method kMethod{2, "get", Access::read};
  static constexpr Route kRoute = Route::hash("key");
  using Reply = Text;
  std::string key;
};
struct Count {
  static constexpr Method kMethod{3, "count", Access::read};
  using Reply = Number;
  static void merge(Number& into, Number&& from) { into.number += from.number; }
};
struct Fetch {  // a coroutine; `how` names one of the ways below
  static constexpr Method kMethod{4, "fetch", Access::read};
  using Reply = Text;
  std::string how;
  std::string argument;
};
struct Copy {
  static constexpr Method kMethod{5, "copy", Access::read};
  using Reply = Copy;
  Bytes bytes;
};
struct Fail {
  static constexpr Method kMethod{6, "fail", Access::read};
  using Reply = Done;
  std::string how;
};
struct Start {
  static constexpr Method kMethod{7, "start", Access::write, Duration::long_running};
  using Reply = Done;
  std::string how;
};

// What a coroutine leaves behind when it ends, or is destroyed: its container must still be there.
struct AtEnd {
  State& state;
  ~AtEnd() { state.items["ended"] = "yes"; }
};

class Bucket : public Container<State> {
 public:
  struct Config {
    std::string first = "none";
    bool fail = false;
  };

  Status open(const Config& config) {
    if (config.first == "throw") throw std::runtime_error("open threw");
    if (config.first != "none") state().items["first"] = config.first;
    if (!config.fail) return {};
    spawn(&Bucket::tick, std::string("never"));
    return Error{Code::failed_precondition, "told to fail", {}};
  }

  Result<Done> on(const Put& put) {
    state().items[put.key] = put.value;
    return Done();
  }

  Result<Text> on(const Get& get, const Call& call) const {
    auto found = state().items.find(get.key);
    if (found == state().items.end()) return Error{Code::not_found, "no such key", {}};
    return Text{found->second + "@" + std::to_string(call.uid())};
  }

  Result<Number> on(const Count&) { return Number{state().items.size()}; }

  Task<Result<Text>> on(const Fetch& fetch, Call& call) {
    if (fetch.how == "at once") co_return Text{fetch.argument};
    if (fetch.how == "throw") throw std::runtime_error(fetch.argument);
    if (fetch.how == "await") {
      auto reply = co_await pool("other").call<Get>(fetch.argument);
      if (!reply.ok()) co_return reply.error();
      co_return Text{reply->text + " for " + fetch.argument + " of " + std::to_string(call.uid())};
    }
    if (fetch.how == "await and throw") {
      auto slept = co_await sleep_for(std::chrono::seconds(1));
      throw std::runtime_error(slept.ok() ? fetch.argument : "cut short");
    }
    auto both = co_await two(fetch.argument);
    co_return both;
  }

  Task<Result<Text>> two(const std::string& key) {
    auto a = pool("other").call<Get>(key + "1");
    auto b = pool("other").with_deadline(std::chrono::seconds(2)).call<Get>(key + "2");
    auto first = co_await a;
    auto second = co_await b;
    if (!first.ok()) co_return first.error();
    if (!second.ok()) co_return second.error();
    co_return Text{first->text + second->text};
  }

  Result<Copy> on(const Copy& copy, Call& call) {
    auto memory = call.allocate(copy.bytes.size());
    if (!memory.ok()) return memory.error();
    if (copy.bytes.size() != 0) std::memcpy(memory->data(), copy.bytes.data(), copy.bytes.size());
    return Copy{*std::move(memory)};
  }

  Result<Done> on(const Fail& fail) {
    if (fail.how == "memory") throw std::bad_alloc();
    if (fail.how == "number") throw 3;
    if (fail.how == "long") return Error{Code::aborted, std::string(300, 'x'), "here"};
    throw std::runtime_error("told to");
  }

  Result<Done> on(const Start& start) {
    if (start.how == "tick") spawn(&Bucket::tick, std::string("tick"));
    if (start.how == "throw")
      spawn(
          [](int value) -> Task<void> {
            throw std::to_string(value);
            co_return;
          },
          7);
    if (start.how == "forget") pool("other").fire_and_forget().call<Put>("key", "value");
    if (start.how == "forget unknown") pool("nobody").fire_and_forget().call<Put>("key", "value");
    return Done();
  }

  Task<void> tick(std::string name) {
    AtEnd note{state()};
    for (int i = 0; i < 3; ++i) {
      auto slept = co_await sleep_for(std::chrono::milliseconds(1));
      if (!slept.ok()) co_return;
      state().items[name] += ".";
    }
  }
};

}  // namespace chi::sample

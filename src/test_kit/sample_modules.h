// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Two modules of the tests' own: a shelf that keeps words, and a clerk who calls it.
#pragma once

#include <chimaera/module.h>
#include <unistd.h>

#include <map>
#include <set>
#include <string>
#include <unordered_set>

namespace chi::test_kit::sample {

struct Nothing {};

struct Put {
  static constexpr Method kMethod{1, "put", Access::write};
  static constexpr Route kRoute = Route::hash("word");
  struct Reply {
    std::uint64_t count = 0;
  };
  std::string word;
};

struct Size {
  static constexpr Method kMethod{2, "size", Access::read};
  struct Reply {
    std::uint64_t words = 0;
  };
  static void merge(Reply& into, Reply&& from) { into.words += from.words; }
};

// Bytes beyond those that travel among the fields.
struct Dump {
  static constexpr Method kMethod{3, "dump", Access::read};
  struct Reply {
    Bytes bytes;
  };
  static void merge(Reply& into, Reply&& from) {
    if (from.bytes.size() > into.bytes.size()) into = std::move(from);
  }
};

struct ShelfState {
  static constexpr Version kVersion{2, 1};
  std::map<std::string, std::uint64_t> counts;
  std::unordered_set<std::string> seen;  // since version 2
};

class Shelf : public Container<ShelfState> {
 public:
  struct Config {
    std::uint64_t most = 1000;
  };
  Status open(const Config& config) {
    if (config.most == 0) return {Code::invalid_argument, "most is 0"};
    most_ = config.most;
    return {};
  }

  Result<Put::Reply> on(const Put& put) {
    if (state().counts.size() >= most_) return Error{Code::resource_exhausted, "the shelf is full", {}};
    state().seen.insert(put.word);
    return Put::Reply{++state().counts[put.word]};
  }
  Result<Dump::Reply> on(const Dump&) { return Dump::Reply{Bytes(std::string(5000 + index(), 'x'))}; }
  Result<Size::Reply> on(const Size&) { return Size::Reply{state().counts.size()}; }

 private:
  std::uint64_t most_ = 0;
};

// Puts a word into the pool `shelf`, trying again every second while that is unavailable.
struct Store {
  static constexpr Method kMethod{1, "store", Access::write};
  struct Reply {
    std::uint64_t count = 0;
    std::uint32_t attempts = 0;
  };
  std::string word;
};

// Writes bytes to a file, and syncs it.
struct Save {
  static constexpr Method kMethod{2, "save", Access::write};
  struct Reply {
    std::uint64_t written = 0;
  };
  std::int32_t fd = -1;
  Bytes bytes;
};

struct Wait {
  static constexpr Method kMethod{3, "wait", Access::read};
  struct Reply {
    std::int64_t slept_ns = 0;
    std::uint64_t random = 0;
  };
  std::int64_t ns = 0;
};

struct Who {
  static constexpr Method kMethod{4, "who", Access::write};
  struct Reply {
    std::uint32_t uid = 0;
  };
};

class Clerk : public Container<> {
 public:
  Task<Result<Store::Reply>> on(const Store& store) {
    for (std::uint32_t attempt = 1;; ++attempt) {
      auto put = co_await pool("shelf").with_deadline(std::chrono::seconds(5)).call<Put>(store.word);
      if (put.ok()) co_return Store::Reply{put->count, attempt};
      if (put.code() != Code::unavailable) co_return put.error();
      auto slept = co_await sleep_for(std::chrono::seconds(1));
      if (!slept.ok()) co_return slept.error();
    }
  }
  Task<Result<Save::Reply>> on(const Save& save) {
    Buffer buffer = Buffer::allocate(save.bytes.size());
    std::memcpy(buffer.data(), save.bytes.data(), save.bytes.size());
    auto written = co_await io().write(save.fd, buffer, 0);
    if (!written.ok()) co_return written.error();
    auto synced = co_await io().sync(save.fd);
    if (!synced.ok()) co_return synced.error();
    co_return Save::Reply{*written};
  }
  Task<Result<Wait::Reply>> on(const Wait& wait) {
    const auto before = now();
    auto slept = co_await sleep_for(std::chrono::nanoseconds(wait.ns));
    if (!slept.ok()) co_return slept.error();
    co_return Wait::Reply{(now() - before).count(), random()};
  }
  Result<Who::Reply> on(const Who&, Call& call) { return Who::Reply{call.uid()}; }
};

inline constexpr chi_module kShelf = detail::module_table<Shelf, Put, Size, Dump>("shelf", "1.0.0");
inline constexpr chi_module kClerk = detail::module_table<Clerk, Store, Save, Wait, Who>("clerk", "1.0.0");

}  // namespace chi::test_kit::sample

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the demo's queries must give, worked out in this program while the records are read: other code than the
// module's, on other data structures, so that one mistake cannot be in both. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chi::cli {

class DemoExpectation {
 public:
  static constexpr const char* kGroupField = "Section";
  static constexpr const char* kValueField = "Installed-Size";
  static constexpr const char* kPattern = R"(\bpython3\.[0-9]+\b)";

  struct Total {
    std::int64_t sum = 0;
    std::uint64_t records = 0;
    bool operator==(const Total&) const = default;
  };

  // A record with the key of an earlier one takes its place.
  void add(std::string_view key, std::string_view text);

  std::uint64_t count() const noexcept { return facts_.size(); }
  bool holds(std::string_view key, std::string_view text) const;
  std::vector<std::string> keys() const;

  std::map<std::string, std::uint64_t, std::less<>> tally() const;
  std::map<std::string, Total> sums() const;
  std::uint64_t matches() const;

  // A prefix that some keys have.
  std::string prefix() const;
  std::vector<std::string> keys_with(const std::string& prefix) const;

 private:
  struct Facts {
    std::optional<std::string> section;
    std::optional<std::int64_t> installed_size;
    bool matches = false;
    std::size_t size = 0;
    std::size_t hash = 0;
  };
  static Facts examine(std::string_view text);

  std::map<std::string, Facts, std::less<>> facts_;
};

}  // namespace chi::cli

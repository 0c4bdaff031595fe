// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements demo_expectation.h.
#include "cli/demo_expectation.h"

#include <cerrno>
#include <cstdlib>
#include <functional>

namespace chi::cli {

namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kMatchBegin = "python3.";
constexpr const char* kUsualPrefix = "python3-";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// What DemoExpectation::kPattern says, by hand.
bool contains_match(std::string_view text) {
  for (std::size_t at = text.find(kMatchBegin); at != text.npos; at = text.find(kMatchBegin, at + 1)) {
    std::size_t end = at + kMatchBegin.size();
    while (end < text.size() && is_digit(text[end])) ++end;
    const bool begins_word = at == 0 || !is_word(text[at - 1]);
    const bool ends_word = end == text.size() || !is_word(text[end]);
    if (begins_word && ends_word && end > at + kMatchBegin.size()) return true;
  }
  return false;
}

std::optional<std::int64_t> number(const std::string& text) {
  if (text.empty()) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (errno != 0 || end != text.c_str() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

DemoExpectation::Facts DemoExpectation::examine(std::string_view text) {
  Facts facts;
  facts.size = text.size();
  facts.hash = std::hash<std::string_view>()(text);
  facts.matches = contains_match(text);
  bool has_size = false;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + (line.size() < text.size() ? 1 : 0));
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    const std::string_view name = line.substr(0, colon);
    line.remove_prefix(colon + 1);
    while (!line.empty() && kBlanks.find(line.front()) != kBlanks.npos) line.remove_prefix(1);
    while (!line.empty() && kBlanks.find(line.back()) != kBlanks.npos) line.remove_suffix(1);
    if (name == kGroupField && !facts.section) facts.section = line;
    if (name == kValueField && !has_size) {
      has_size = true;
      facts.installed_size = number(std::string(line));
    }
  }
  return facts;
}

void DemoExpectation::add(std::string_view key, std::string_view text) {
  facts_.insert_or_assign(std::string(key), examine(text));
}

bool DemoExpectation::holds(std::string_view key, std::string_view text) const {
  const auto found = facts_.find(key);
  return found != facts_.end() && found->second.size == text.size() &&
         found->second.hash == std::hash<std::string_view>()(text);
}

std::vector<std::string> DemoExpectation::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, facts] : facts_) out.push_back(key);
  return out;
}

std::map<std::string, std::uint64_t, std::less<>> DemoExpectation::tally() const {
  std::map<std::string, std::uint64_t, std::less<>> out;
  for (const auto& [key, facts] : facts_) {
    if (facts.section) ++out[*facts.section];
  }
  return out;
}

std::map<std::string, DemoExpectation::Total> DemoExpectation::sums() const {
  std::map<std::string, Total> out;
  for (const auto& [key, facts] : facts_) {
    if (!facts.section || !facts.installed_size) continue;
    Total& total = out[*facts.section];
    // Unsigned: a sum that goes beyond is the query's failure, and must not be this program's.
    total.sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(total.sum) +
                                          static_cast<std::uint64_t>(*facts.installed_size));
    ++total.records;
  }
  return out;
}

std::uint64_t DemoExpectation::matches() const {
  std::uint64_t out = 0;
  for (const auto& [key, facts] : facts_) out += facts.matches;
  return out;
}

std::string DemoExpectation::prefix() const {
  if (!keys_with(kUsualPrefix).empty() || facts_.empty()) return kUsualPrefix;
  auto middle = facts_.begin();
  std::advance(middle, facts_.size() / 2);
  return middle->first.substr(0, 2);
}

std::vector<std::string> DemoExpectation::keys_with(const std::string& prefix) const {
  std::vector<std::string> out;
  for (auto at = facts_.lower_bound(prefix); at != facts_.end() && at->first.starts_with(prefix); ++at) {
    out.push_back(at->first);
  }
  return out;
}

}  // namespace chi::cli

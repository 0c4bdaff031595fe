// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The text form of domain queries.
#include <chimaera/domain.h>
#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>

namespace chi {

namespace {

constexpr std::size_t kHashDigits = 16;

template <class T>
std::optional<T> whole(std::string_view text, int base = 10) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "2-5" (both included), "2-" (to the end) or "2" (that one).
std::optional<Query> parse_span(QueryKind kind, std::string_view text) {
  std::size_t dash = text.find('-');
  auto first = whole<std::uint32_t>(text.substr(0, dash));
  if (!first) return std::nullopt;
  if (dash == std::string_view::npos) return Query{kind, *first, 1, 0};
  if (dash + 1 == text.size()) return Query{kind, *first, 0, 0};
  auto last = whole<std::uint32_t>(text.substr(dash + 1));
  if (!last || *last < *first || *last - *first == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return Query{kind, *first, *last - *first + 1, 0};
}

std::optional<Query> parse_word(std::string_view text) {
  if (text == "automatic") return Query{};
  if (text == "all") return all();
  if (text == "any") return any();
  if (text == "local") return local();
  if (text == "leader") return leader();
  if (text == "until") return until_success();
  return std::nullopt;
}

Query parse_hash(std::string_view key) {
  if (key.size() == kHashDigits + 1 && key[0] == '#') {
    if (auto value = whole<std::uint64_t>(key.substr(1), 16)) return hash(*value);
  }
  return hash(hash_bytes(key));
}

std::string print_span(std::string_view word, const Query& query) {
  if (query.count == 0) return fmt::format("{}:{}-", word, query.first);
  return fmt::format("{}:{}-{}", word, query.first, std::uint64_t{query.first} + query.count - 1);
}

}  // namespace

bool parse_query(std::string_view text, Query& out) {
  std::size_t colon = text.find(':');
  std::optional<Query> query;
  if (colon == std::string_view::npos) {
    query = parse_word(text);
  } else {
    std::string_view word = text.substr(0, colon);
    std::string_view rest = text.substr(colon + 1);
    if (word == "hash") query = parse_hash(rest);
    if (word == "range") query = parse_span(QueryKind::range, rest);
    if (word == "until") query = parse_span(QueryKind::until_success, rest);
    if (auto id = whole<std::uint32_t>(rest)) {
      if (word == "container") query = container(*id);
      if (word == "node") query = node(*id);
    }
  }
  if (query) out = *query;
  return query.has_value();
}

std::string to_string(const Query& query) {
  switch (query.kind) {
    case QueryKind::automatic:
      return "automatic";
    case QueryKind::container:
      return fmt::format("container:{}", query.first);
    case QueryKind::hash:
      return fmt::format("hash:#{:016x}", query.hash);
    case QueryKind::range:
      return print_span("range", query);
    case QueryKind::all:
      return "all";
    case QueryKind::any:
      return "any";
    case QueryKind::local:
      return "local";
    case QueryKind::node:
      return fmt::format("node:{}", query.first);
    case QueryKind::until_success:
      return print_span("until", query);
    case QueryKind::leader:
      return "leader";
  }
  return fmt::format("unknown:{}", static_cast<unsigned>(query.kind));
}

}  // namespace chi

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where a task goes: identities of pools and containers, and domain queries. Plain values, usable from any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace chi {

using PoolId = std::uint64_t;     // never reused, on no node; 0 names no pool
using SessionId = std::uint64_t;  // one client thread's stream of calls; never reused
using Epoch = std::uint32_t;      // counts the owners of one container; starts at 1

inline constexpr PoolId kNoPool = 0;
inline constexpr PoolId kAdminPool = 1;  // present on every node, from start to stop

// Names a container for ever, wherever it lives; prints as "pool-name/index".
struct DomainId {
  PoolId pool = kNoPool;
  std::uint32_t group = 0;  // 0 until replication gives it a meaning
  std::uint32_t index = 0;
  auto operator<=>(const DomainId&) const = default;
};

// A call's identity. `first_incomplete` tells the owner which completion records may be forgotten: all below it.
struct CallId {
  SessionId session = 0;
  std::uint64_t sequence = 0;
  std::uint64_t first_incomplete = 0;
  auto operator<=>(const CallId&) const = default;
};

enum class QueryKind : std::uint8_t {  // wire format: only appended
  automatic = 0,                       // the request's own kRoute decides
  container = 1,                       // one, by index
  hash = 2,                            // one, by hash of a key
  range = 3,                           // each of [first, first + count)
  all = 4,                             // each container of the pool (broadcast)
  any = 5,                             // one: the least loaded
  local = 6,                           // each container on the caller's node
  node = 7,                            // each container on the given node
  until_success = 8,                   // the containers of [first, first + count) in order, until one succeeds
  leader = 9,                          // the container that leads its group
};

// Which containers a task goes to. Build it with the functions below.
struct Query {
  QueryKind kind = QueryKind::automatic;
  std::uint32_t first = 0;  // container index, first of a range, or node id
  std::uint32_t count = 0;  // of range and until_success; 0 means "to the end"
  std::uint64_t hash = 0;
  bool operator==(const Query&) const = default;

  // Whether the reply is one container's, rather than a gathered set.
  constexpr bool single() const noexcept {
    return kind == QueryKind::container || kind == QueryKind::hash || kind == QueryKind::any ||
           kind == QueryKind::until_success || kind == QueryKind::leader;
  }
};

constexpr Query container(std::uint32_t index) { return {QueryKind::container, index, 1, 0}; }
constexpr Query hash(std::uint64_t value) { return {QueryKind::hash, 0, 0, value}; }
constexpr Query range(std::uint32_t first, std::uint32_t count) { return {QueryKind::range, first, count, 0}; }
constexpr Query all() { return {QueryKind::all, 0, 0, 0}; }
constexpr Query any() { return {QueryKind::any, 0, 0, 0}; }
constexpr Query local() { return {QueryKind::local, 0, 0, 0}; }
constexpr Query node(std::uint32_t id) { return {QueryKind::node, id, 0, 0}; }
constexpr Query leader() { return {QueryKind::leader, 0, 0, 0}; }
constexpr Query until_success(std::uint32_t first = 0, std::uint32_t count = 0) {
  return {QueryKind::until_success, first, count, 0};
}

// The container that owns a hash, among `containers` (> 0) of a pool. Fixed for ever: data placement depends on it.
constexpr std::uint32_t container_of(std::uint64_t hash, std::uint32_t containers) noexcept {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint32_t>((static_cast<Wide>(hash) * containers) >> 64);
}

// A 64-bit hash of bytes, the same on every node, compiler and release (FNV-1a folded by a multiply-xor finish).
constexpr std::uint64_t hash_bytes(std::string_view bytes) noexcept {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (unsigned char c : bytes) h = (h ^ c) * 0x100000001b3U;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93U;
  h ^= h >> 32;
  return h * 0x9fb21c651e98df25U;
}

// Parses "all", "any", "local", "leader", "hash:KEY", "container:3", "range:0-3", "node:1", "until:0-3".
// Returns false, and leaves `out` as it was, for anything else.
bool parse_query(std::string_view text, Query& out);

// The form that parse_query reads; a hash prints as "hash:#0123456789abcdef", which parse_query reads too.
std::string to_string(const Query& query);

}  // namespace chi

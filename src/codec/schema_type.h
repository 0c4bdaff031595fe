// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A type as its schema text describes it (grammar: docs/design/0001-parts-and-contracts.md). A plain value; const use
// from any thread.
#pragma once

#include <chimaera/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chi {

struct SchemaType {
  enum class Kind : std::uint8_t {  // the numbers first, in the order of number_limits()
    u8,
    u16,
    u32,
    u64,
    i8,
    i16,
    i32,
    i64,
    f32,
    f64,
    boolean,
    string,
    bytes,
    buffer,
    enumeration,
    optional,
    list,
    map,
    array,
    aggregate,
    tuple
  };

  Kind kind = Kind::aggregate;
  Kind number = Kind::u8;          // of an enumeration: what its values are
  std::uint32_t count = 0;         // of an array: its elements
  std::uint32_t depth = 1;         // of the tree from here, at most kMaxSchemaDepth
  std::size_t least = 0;           // bytes that every value takes at least inside another, as for codec.h's counts; > 0
  std::vector<SchemaType> of;      // the element; key and value; the fields
  std::vector<std::string> names;  // of the fields or the enumerators
  std::vector<std::int64_t> values;  // of the enumerators

  bool is_integer() const noexcept { return kind <= Kind::i64; }
  bool is_number() const noexcept { return kind <= Kind::f64; }

  // For people: "u32", "list of string", "(key, value)", "optional u64", "one of red, green".
  std::string describe() const;
};

inline constexpr std::size_t kMaxSchemaText = 64 << 10;
inline constexpr std::uint32_t kMaxSchemaDepth = 32;

// Fails with invalid_argument, naming the position, for text that is no schema, too long or nested too deeply.
Result<SchemaType> parse_schema(std::string_view text);

}  // namespace chi

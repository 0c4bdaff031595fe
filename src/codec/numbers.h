// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The numbers of a schema: on the wire, as JSON, as text. Pure functions, usable from any thread.
#pragma once

#include <chimaera/decoder.h>
#include <chimaera/encoder.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/json.h"

namespace chi {

// An integer of up to 64 bits; as two's complement, so that u64 and i64 share it.
std::uint64_t read_integer(SchemaType::Kind kind, Decoder& from);
void write_integer(SchemaType::Kind kind, std::uint64_t bits, Encoder& to);
Json integer_to_json(SchemaType::Kind kind, std::uint64_t bits);

double read_real(SchemaType::Kind kind, Decoder& from);
void write_real(SchemaType::Kind kind, double value, Encoder& to);
Json real_to_json(double value);

// The number that `json` is, if it is one of this kind and in its range. Else nothing, and why: "expected u8, got 300".
std::optional<std::uint64_t> integer_of(SchemaType::Kind kind, const Json& json, std::string& problem);
std::optional<double> real_of(SchemaType::Kind kind, const Json& json, std::string& problem);

// The number that a person typed: decimal, 0x, 0o, 0b; for f32 and f64 as C writes them. The same failures.
std::optional<Json> number_from_text(SchemaType::Kind kind, std::string_view text, std::string& problem);

}  // namespace chi

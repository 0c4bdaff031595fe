// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Messages as JSON, by schema, so that people and scripts can call methods whose types were not compiled in.
// Pure functions, usable from any thread. Errors are invalid_argument and name the field, what it must be and what was
// there. All input may be hostile: no more than a small multiple of it is allocated, and recursion is the schema's
// depth.
//
// | type | JSON |
// |---|---|
// | integers | number, exact also beyond 2^53 |
// | f32, f64 | number, or "nan", "inf", "-inf" |
// | string, bytes, buffer | string; {"base64": "..."} when it is not UTF-8; {"hex": "..."} is read too |
// | enum | the value's name; its number when it has none (both are read) |
// | optional | null when it is not there; may be left out of an object |
// | list, array, tuple | array |
// | map | object; an array of [key, value] when a key is no string, number, bool or enum, or not UTF-8, or not unique |
// | aggregate | object, its fields in order |
#pragma once

#include <chimaera/abi.h>
#include <chimaera/decoder.h>
#include <chimaera/encoder.h>
#include <chimaera/result.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "codec/schema_type.h"

namespace chi {

using Json = nlohmann::ordered_json;  // keeps the order of fields; converts to and from nlohmann::json

// Appends `json`, which must have all fields that are not optional, as the message that `type` (an aggregate)
// describes.
Status json_to_wire(const SchemaType& type, const Json& json, Encoder& to);

// Fields that the sender did not have are left out.
Result<Json> wire_to_json(const SchemaType& type, const chi_message& message);

// The object that key=value arguments stand for, each read by its field's type: text as it is, numbers in decimal, 0x,
// 0o or 0b, bools as true or false, enums by name; lists as JSON or as a,b,c; all else as JSON.
Result<Json> fields_to_json(const SchemaType& type, const std::vector<std::pair<std::string, std::string>>& fields);

// The hash for routing of a message's string or integer field: what route_hash (chimaera/route.h) says of the struct.
Result<std::uint64_t> field_hash(const SchemaType& type, std::size_t field, const chi_message& message);

// One value inside a message. A fault is left in `from`, and what is returned then means nothing.
Json read_value(const SchemaType& type, Decoder& from);

}  // namespace chi

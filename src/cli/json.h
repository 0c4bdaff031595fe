// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Replies as JSON, by the schema that every message type has; nothing here knows a type's fields.
#pragma once

#include <chimaera/codec.h>
#include <chimaera/schema.h>

#include <nlohmann/json.hpp>
#include <string>

#include "codec/json.h"
#include "codec/schema_type.h"

namespace chi::cli {

template <Message T>
Result<Json> to_json(const T& value) {
  const Result<SchemaType> type = parse_schema(schema_of<T>());
  if (!type.ok()) return type.error();
  Encoder encoder;
  encode_message(encoder, value);
  Status encoded = encoder.status();
  if (!encoded.ok()) return std::move(encoded).error();
  return wire_to_json(*type, encoder.message());
}

// {"code": "not_found", "text": "...", "where": "..."}
Json error_json(const Error& error);

// Prints it on stdout, indented, with a newline.
void print_json(const Json& json);

// Prints the value as JSON and gives the exit code.
int print_result(const Result<Json>& json);

// For people: an object as lines "field: value", lists of objects as tables.
std::string render(const Json& json);

}  // namespace chi::cli

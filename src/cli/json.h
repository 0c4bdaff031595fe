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

// Ids of 64 bits in a reply of the daemon's own, as text: most readers of JSON would round them, and take two pools for
// one. `json` is what wire_to_json made of `type`.
void ids_as_text(const SchemaType& type, Json& json);

template <Message T>
Result<Json> to_json(const T& value) {
  const Result<SchemaType> type = parse_schema(schema_of<T>());
  if (!type.ok()) return type.error();
  Encoder encoder;
  encode_message(encoder, value);
  Status encoded = encoder.status();
  if (!encoded.ok()) return std::move(encoded).error();
  Result<Json> json = wire_to_json(*type, encoder.message());
  if (json.ok()) ids_as_text(*type, *json);
  return json;
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

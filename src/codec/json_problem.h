// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What json_encode.cc and json_fields.cc share: reading text by its type, and saying what is wrong with a field.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/json.h"

namespace chi {

// The value that `text` stands for as one of `type` (see fields_to_json); nothing, and why, when it is none.
std::optional<Json> text_to_value(const SchemaType& type, std::string_view text, std::string& problem);

std::string unknown_field(std::string_view name, const SchemaType& type);
std::string missing_field(const SchemaType& type, std::size_t field);
std::string unknown_value(std::string_view name, const SchemaType& enumeration);

}  // namespace chi

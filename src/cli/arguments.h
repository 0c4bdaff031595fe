// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What people type, checked. Errors are invalid_argument. Pure functions, but for "-", which reads stdin.
#pragma once

#include <chimaera/domain.h>
#include <chimaera/result.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "codec/schema_type.h"

namespace chi::cli {

// "key=value": the key is what stands before the first '='.
Result<std::vector<std::pair<std::string, std::string>>> split_fields(const std::vector<std::string>& arguments);

// A request from key=value arguments, or from JSON text ("-": from stdin), not both.
Result<Json> request_json(const SchemaType& type, const std::vector<std::string>& fields, const std::string& json);

// Octal permission bits, as chmod takes them.
Result<std::uint32_t> parse_mode(const std::string& text);

// As chi::parse_query; the empty text means `automatic`.
Result<Query> query_of(const std::string& text);

// Says what is wrong with the command line on stderr, and gives its exit code.
int report_usage(const Error& error);

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What came back for a call whose types this program does not know. A plain value.
#pragma once

#include <chimaera/future.h>
#include <chimaera/result.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "codec/json.h"
#include "codec/schema_type.h"

namespace chi::cli {

// One container's reply is `value`; of several, `value` is the merged reply where the method merges, else `replies` has
// each, as {"container", "reply"}. `failures`: {"container", "error"}.
struct Outcome {
  std::optional<Json> value;
  Json replies = Json::array();
  Json failures = Json::array();
};

// invalid_argument when the bytes are not those of the type.
Result<Outcome> decode_outcome(const SchemaType& type, const RawReply& raw);

// Of several containers: {"reply", "failures"}, or {"replies", "failures"}.
Json outcome_json(const Outcome& outcome);

}  // namespace chi::cli

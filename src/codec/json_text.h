// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Text as JSON, wherever it comes in: one whole document and nothing behind it, no name twice in an object (all but one
// of them would be lost), no NaN, no comment, well-formed UTF-8. Pure, usable from any thread.
#pragma once

#include <chimaera/result.h>

#include <cstddef>
#include <string_view>

#include "codec/json.h"

namespace chi {

inline constexpr std::size_t kMaxJsonText = 64 << 20;  // the most that `call.max_message` may be

// Fails with invalid_argument and a text that says what is wrong. Allocates no more than a small
// multiple of `text`; depth is no danger, for the schema bounds it where the value is used.
Result<Json> parse_json(std::string_view text);

}  // namespace chi

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Bytes as text: UTF-8 as it is, base64 (RFC 4648, padded), hexadecimal. Pure functions, usable from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chi {

// Well-formed: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes) noexcept;

std::string to_base64(std::string_view bytes);

// Nothing for text that to_base64 does not make.
std::optional<std::string> from_base64(std::string_view text);

// Pairs of digits of either case, nothing between them; else nothing.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace chi

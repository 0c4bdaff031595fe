// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// As much of HTTP/1.1 as it takes to be asked for one page. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chi::metrics {

enum class HttpStatus {
  ok = 200,
  bad_request = 400,
  not_found = 404,
  method_not_allowed = 405,
  request_timeout = 408,
  header_too_large = 431,
  version_not_supported = 505,
};

inline constexpr std::size_t kMaxRequest = 8192;  // bytes: the request line and all header fields

// Of what has come so far: nothing while the request is not whole yet, then what it deserves; ok is GET /metrics, with
// any query. Never looks beyond kMaxRequest.
std::optional<HttpStatus> judge(std::string_view request) noexcept;

// A whole response, after which the connection ends. `body`: of ok; others say what is wrong.
std::string response(HttpStatus status, std::string_view body = {});

}  // namespace chi::metrics

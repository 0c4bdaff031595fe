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

// What a request deserves. `head`: the header fields of the answer only (RFC 9110, 9.3.2), whatever the status.
struct Verdict {
  HttpStatus status = HttpStatus::ok;
  bool head = false;
  bool operator==(const Verdict&) const = default;
};

// Of what has come so far: nothing while the request is not whole yet. ok is GET or HEAD of /metrics, with any query,
// as a path or as a URI of whatever host (RFC 9112, 3.2.2). Empty lines before the request are skipped, as its
// section 2.2 wants it. Never looks beyond kMaxRequest.
std::optional<Verdict> judge(std::string_view request) noexcept;

// A whole response, after which the connection ends. `body`: of ok; others say what is wrong. The answer to HEAD has
// the fields that GET would have, the body's length among them, and no body.
std::string response(const Verdict& verdict, std::string_view body = {});

}  // namespace chi::metrics

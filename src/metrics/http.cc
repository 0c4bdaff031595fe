// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements http.h.
#include "metrics/http.h"

#include <fmt/format.h>

#include <algorithm>

namespace chi::metrics {
namespace {

constexpr std::string_view kTextFormat = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

bool is_method(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// The path of a request's target: "http://host/path?query" has one behind its host, without one it is "/".
std::string_view path_of(std::string_view target) noexcept {
  constexpr std::string_view kScheme = "http://";
  if (target.starts_with(kScheme)) {
    target.remove_prefix(kScheme.size());
    const auto begin = target.find('/');
    target = begin == std::string_view::npos ? "/" : target.substr(begin);
  }
  return target.substr(0, target.find('?'));
}

Verdict judge_line(std::string_view line) noexcept {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return {HttpStatus::bad_request};
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_method(method) || target.find(' ') != std::string_view::npos || !version.starts_with("HTTP/"))
    return {HttpStatus::bad_request};
  const bool head = method == "HEAD";
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return {HttpStatus::version_not_supported, head};
  if (path_of(target) != "/metrics") return {HttpStatus::not_found, head};
  return {head || method == "GET" ? HttpStatus::ok : HttpStatus::method_not_allowed, head};
}

std::string_view without_empty_lines(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of("\r\n");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

std::string_view reason(HttpStatus status) noexcept {
  switch (status) {
    case HttpStatus::ok:
      return "OK";
    case HttpStatus::bad_request:
      return "Bad Request";
    case HttpStatus::not_found:
      return "Not Found";
    case HttpStatus::method_not_allowed:
      return "Method Not Allowed";
    case HttpStatus::request_timeout:
      return "Request Timeout";
    case HttpStatus::header_too_large:
      return "Request Header Fields Too Large";
    case HttpStatus::version_not_supported:
      return "HTTP Version Not Supported";
  }
  return "";
}

}  // namespace

std::optional<Verdict> judge(std::string_view request) noexcept {
  const std::string_view seen = without_empty_lines(request.substr(0, kMaxRequest));
  const auto line_end = seen.find('\n');
  if (line_end != std::string_view::npos) {
    std::string_view line = seen.substr(0, line_end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const Verdict verdict = judge_line(line);
    if (verdict.status == HttpStatus::bad_request) return verdict;  // whatever follows
    if (seen.find("\r\n\r\n") != std::string_view::npos || seen.find("\n\n") != std::string_view::npos) return verdict;
  }
  if (request.size() >= kMaxRequest) return Verdict{HttpStatus::header_too_large};
  return std::nullopt;
}

std::string response(const Verdict& verdict, std::string_view body) {
  const HttpStatus status = verdict.status;
  const std::string problem =
      status == HttpStatus::ok ? "" : fmt::format("{}; the metrics are at GET /metrics\n", reason(status));
  if (status != HttpStatus::ok) body = problem;
  return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}Connection: close\r\n\r\n{}",
                     static_cast<int>(status), reason(status), status == HttpStatus::ok ? kTextFormat : kPlainText,
                     body.size(), status == HttpStatus::method_not_allowed ? "Allow: GET, HEAD\r\n" : "",
                     verdict.head ? "" : body);
}

}  // namespace chi::metrics

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// From the left: layers, each with its colon, then what they are upon.
#include "backend_spec.h"

#include <chimaera/size.h>

#include <charconv>
#include <optional>
#include <utility>

namespace bdev {
namespace {

chi::Error bad(std::string text) { return {chi::Code::invalid_argument, std::move(text), {}}; }

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t out = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(end - text.size(), end, out);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return out;
}

chi::Status set_size(std::string_view text, BackendSpec& out) {
  const chi::Result<std::uint64_t> size = chi::parse_size(text);
  if (!size.ok()) return size.error();
  if (*size == 0) return bad("'" + out.text + "': a size is 1 or more, as 64MiB");
  out.size = *size;
  return {};
}

// The text up to the next colon, which is taken off; everything where there is none.
std::string_view take_word(std::string_view& rest) {
  const std::size_t colon = rest.find(':');
  const std::string_view word = rest.substr(0, colon);
  rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  return word;
}

chi::Status add_layer(LayerSpec::Kind kind, std::string_view& rest, BackendSpec& out) {
  std::string_view word = take_word(rest);
  LayerSpec layer{kind, 0, false};
  if (kind == LayerSpec::Kind::error && word.ends_with('+')) {
    layer.lasting = true;
    word.remove_suffix(1);
  }
  const std::optional<std::uint64_t> number = number_in(word);
  constexpr std::uint64_t kLongest = 60'000'000;
  const bool delay = kind == LayerSpec::Kind::delay;
  if (!number || (delay ? *number > kLongest : *number == 0)) {
    return bad("'" + std::string(word) + "' in '" + out.text +
               "': " + (delay ? "a delay is 0 to 60000000 microseconds" : "the number of an operation is 1 or more"));
  }
  layer.number = *number;
  out.layers.push_back(layer);
  return {};
}

chi::Status set_path(std::string_view rest, BackendSpec& out) {
  const std::size_t mark = out.kind == BackendSpec::Kind::file ? rest.rfind("?size=") : std::string_view::npos;
  if (mark != std::string_view::npos) {
    if (chi::Status good = set_size(rest.substr(mark + 6), out); !good.ok()) return good;
    rest = rest.substr(0, mark);
  }
  out.path = rest;
  if (out.path.empty() || out.path.front() != '/' || out.path.find('\0') != std::string::npos) {
    return bad("'" + out.path + "' is no path that begins with '/'; the daemon's folder is not yours");
  }
  return {};
}

std::string with_index(std::string_view text, std::uint32_t index) {
  constexpr std::string_view kMark = "{index}";
  std::string out(text);
  for (std::size_t at = out.find(kMark); at != std::string::npos; at = out.find(kMark, at)) {
    out.replace(at, kMark.size(), std::to_string(index));
  }
  return out;
}

}  // namespace

chi::Result<BackendSpec> parse_backend(std::string_view text, std::uint32_t index) {
  BackendSpec out;
  out.text = with_index(text, index);
  std::string_view rest = out.text;
  for (;;) {
    const std::string_view word = take_word(rest);
    chi::Status good;
    if (word == "delay") {
      good = add_layer(LayerSpec::Kind::delay, rest, out);
    } else if (word == "error") {
      good = add_layer(LayerSpec::Kind::error, rest, out);
    } else if (word == "short") {
      good = add_layer(LayerSpec::Kind::short_transfer, rest, out);
    } else if (word == "ram") {
      if (rest.empty()) return out;
      good = set_size(rest, out);
      if (good.ok()) return out;
    } else if (word == "file" || word == "block") {
      out.kind = word == "file" ? BackendSpec::Kind::file : BackendSpec::Kind::block;
      good = set_path(rest, out);
      if (good.ok()) return out;
    } else {
      return bad("'" + std::string(word) + "' in '" + out.text +
                 "' is no backend: ram:SIZE, file:/PATH or block:/dev/NAME, behind delay:US:, error:N: or short:N:");
    }
    if (!good.ok()) return std::move(good).error();
  }
}

}  // namespace bdev

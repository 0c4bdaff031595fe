// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Requests, replies, states and configurations as bytes, and back: any plain struct whose fields are Walkable. The form
// is fixed in docs/design/0001-parts-and-contracts.md. Functions are stateless, usable from any thread.
#pragma once

#include <chimaera/decoder.h>
#include <chimaera/detail/walk.h>
#include <chimaera/encoder.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace chi {

static_assert(std::endian::native == std::endian::little, "the encoding is the memory of a little-endian machine");

// What a field may be: bool, integers, float, double, enums with a fixed type, std::string, Bytes, Buffer; optional,
// array, pair, tuple, sequences, sets and maps of those; and plain structs of up to 48 of all these.
// Default-constructible.
template <class T>
concept Walkable = detail::walkable<T>();

// A Walkable plain struct: what is sent or stored as a whole.
template <class T>
concept Message = Walkable<T> && detail::kind_of<T>() == detail::Kind::aggregate;

// Appends `value` as the message `to` is to become; see Encoder::status for what can go wrong.
template <class T>
void encode_message(Encoder& to, const T& value) {
  if constexpr (detail::fields_walk<T>() && field_count<T> != 0) {
    detail::encode_versions<T>(to);
    detail::encode_fields(to, value);
  }
}

// Reads what `from` is set on into `out`; see decode_message below.
template <class T>
Status decode_message(Decoder& from, T& out) {
  if constexpr (detail::fields_walk<T>()) {
    if (detail::decode_versions<T>(from)) detail::decode_fields(from, out);
  }
  if (from.ok()) return {};
  return from.status();
}

// Reads `message` into `out`. Fields that an older sender did not have keep the value they have in `out`; after an
// error `out` holds what had been read by then. Buffers are taken by reference.
template <class T>
Status decode_message(const chi_message& message, T& out) {
  if (message.size == 0) return {};
  Decoder from(message);
  return decode_message(from, out);
}

template <class T>
Result<T> decode_message(const chi_message& message) {
  T out{};
  Status status = decode_message(message, out);
  if (!status.ok()) return std::move(status).error();
  return out;
}

// A state or the like, that stands on its own: without buffers. Throws std::length_error above 4 GiB, or if `value` has
// a Buffer, which is shared memory and cannot be stored.
template <class T>
std::string encode_to_string(const T& value) {
  Encoder to;
  to.inline_bytes();
  encode_message(to, value);
  if (to.failed()) throw std::length_error(to.status().error().text);
  return {reinterpret_cast<const char*>(to.message().data), to.size()};
}

// What encode_to_string made, or any message without buffers. `bytes` below 4 GiB.
template <class T>
Result<T> decode_from(std::string_view bytes) {
  if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
    return Error{Code::invalid_argument, "cannot decode: the message is larger than 4 GiB", {}};
  }
  return decode_message<T>(chi_message{reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                       static_cast<std::uint32_t>(bytes.size()), 0, nullptr});
}

}  // namespace chi

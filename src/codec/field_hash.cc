// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Routing of encoded requests by one field.
#include <chimaera/route.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "codec/numbers.h"

namespace chi {

Result<std::uint64_t> field_hash(const SchemaType& type, std::size_t field, const chi_message& message) {
  if (type.kind != SchemaType::Kind::aggregate || field >= type.of.size()) {
    return Error{Code::invalid_argument, fmt::format("the route's field, number {}, is not in the request", field), {}};
  }
  const SchemaType& wanted = type.of[field];
  if (!wanted.is_integer() && wanted.kind != SchemaType::Kind::string) {
    std::string text = fmt::format("the route's field '{}' is neither string nor integer", type.names[field]);
    return Error{Code::invalid_argument, std::move(text), {}};
  }
  Decoder from(message);
  from.u16();  // the versions
  for (std::size_t i = 0; i < field && from.ok(); ++i) read_value(type.of[i], from);
  std::uint64_t hash = 0;
  if (wanted.is_integer()) {
    hash = detail::hash_key(read_integer(wanted.kind, from));
  } else {
    std::string key;
    from.string(key);
    hash = detail::hash_key(key);
  }
  if (!from.ok()) from.blame(type.names[field]);
  Status status = from.status();
  if (!status.ok()) return std::move(status).error();
  return hash;
}

}  // namespace chi

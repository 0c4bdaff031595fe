// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements reply.h.
#include "reply.h"

#include <chimaera/gathered.h>

#include <vector>

#include "helpers.h"

namespace chi::python {

namespace {

py::object make_gathered(const MethodType& type, const chi_message& message, bool views) {
  py::list entries;
  py::object merged = py::none();
  if (type.remote.info.merges) merged = py::make_tuple(py::none());
  check(chi::detail::visit_gathered(message, [&](const chi::detail::GatheredEntry& entry) -> Status {
    if (entry.code != 0) {
      entries.append(py::make_tuple(entry.container, py::none(), make_error(decode_error(entry.code, entry.message))));
    } else if (entry.container == chi::detail::kMergedEntry) {
      merged = py::make_tuple(type.reader.read(entry.message, views));
    } else {
      entries.append(py::make_tuple(entry.container, type.reader.read(entry.message, views), py::none()));
    }
    return {};
  }));
  return make_replies(entries, merged);
}

}  // namespace

py::object make_reply(Core& core, const MethodType& type, const Result<RawReply>& result, bool views) {
  if (!result.ok()) {
    // What is known of the pool may be out of date.
    const bool gone = result.code() == Code::not_found && result.error().where == "router";
    if (gone || result.code() == Code::unavailable) core.forget();
    throw Failed{result.error()};
  }
  std::vector<chi_buffer> buffers;
  for (const Buffer& buffer : result->buffers) buffers.push_back(buffer.raw());
  const chi_message message{result->fields.data(), static_cast<std::uint32_t>(result->fields.size()),
                            static_cast<std::uint32_t>(buffers.size()), buffers.data()};
  return result->gathered ? make_gathered(type, message, views) : type.reader.read(message, views);
}

}  // namespace chi::python

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Replies by schema: of one container, or a gathered set of several.
#include "cli/outcome.h"

#include <chimaera/gathered.h>

#include <utility>
#include <vector>

#include "cli/json.h"

namespace chi::cli {

namespace {

Status add_entry(const SchemaType& type, const detail::GatheredEntry& entry, Outcome& outcome) {
  if (entry.code != 0) {
    Json failure;
    failure["container"] = entry.container;
    failure["error"] = error_json(decode_error(entry.code, entry.message));
    outcome.failures.push_back(std::move(failure));
    return {};
  }
  Result<Json> reply = wire_to_json(type, entry.message);
  if (!reply.ok()) return std::move(reply).error();
  if (entry.container == detail::kMergedEntry) {
    outcome.value = *std::move(reply);
    return {};
  }
  Json each;
  each["container"] = entry.container;
  each["reply"] = *std::move(reply);
  outcome.replies.push_back(std::move(each));
  return {};
}

}  // namespace

Result<Outcome> decode_outcome(const SchemaType& type, const RawReply& raw) {
  std::vector<chi_buffer> buffers;
  buffers.reserve(raw.buffers.size());
  for (const Buffer& buffer : raw.buffers) buffers.push_back(buffer.raw());
  const chi_message message{raw.fields.data(), static_cast<std::uint32_t>(raw.fields.size()),
                            static_cast<std::uint32_t>(buffers.size()), buffers.data()};
  Outcome outcome;
  if (!raw.gathered) {
    Result<Json> value = wire_to_json(type, message);
    if (!value.ok()) return std::move(value).error();
    outcome.value = *std::move(value);
    return outcome;
  }
  Status read = detail::visit_gathered(
      message, [&](const detail::GatheredEntry& entry) { return add_entry(type, entry, outcome); });
  if (!read.ok()) return std::move(read).error();
  return outcome;
}

Json outcome_json(const Outcome& outcome) {
  Json out;
  if (outcome.value) {
    out["reply"] = *outcome.value;
  } else {
    out["replies"] = outcome.replies;
  }
  out["failures"] = outcome.failures;
  return out;
}

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Match: RE2, because its time is linear in the text and its memory bounded, whatever the pattern.
#include <re2/re2.h>

#include <string>

#include "aggregates.h"

namespace kv {

chi::Result<MatchReply> match(const Records& records, const Match& request) {
  if (request.pattern.size() > kMaxPattern) {
    return chi::Error{chi::Code::invalid_argument,
                      "the pattern has " + std::to_string(request.pattern.size()) + " bytes; at most " +
                          std::to_string(kMaxPattern) + " may be",
                      {}};
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemory);
  options.set_never_capture(true);
  const RE2 pattern(request.pattern, options);
  if (!pattern.ok()) {
    return chi::Error{chi::Code::invalid_argument,
                      "the pattern cannot be used: " + pattern.error() + "; its syntax is that of RE2",
                      {}};
  }
  MatchReply reply;
  for (const auto record : records)
    reply.matches += RE2::PartialMatch(re2::StringPiece(record.second.data(), record.second.size()), pattern);
  return reply;
}

}  // namespace kv

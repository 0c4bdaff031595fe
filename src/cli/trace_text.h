// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What `chimaera trace stop` says of the trace that it has written. Pure functions.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/result.h>

#include <cstdint>
#include <string>

namespace chi::cli {

// What of all workers is not in the file.
struct TraceGaps {
  explicit TraceGaps(const admin::TraceStopReply& trace);

  std::uint64_t lost = 0;
  std::uint64_t passed_over = 0;
};

std::string trace_text(const admin::TraceStopReply& trace, const std::string& file);

// Whether a request for a trace that failed with `code` says that the daemon has it no more.
bool trace_has_gone(Code code) noexcept;

// `file` is whole, and then the daemon was asked to let go of the trace, which failed. Empty: it has gone all the same.
std::string unreleased_text(const Error& error, const std::string& file);

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Piece by piece, and anew where the pieces do not fit.
#include "cli/lane_reading.h"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace chi::cli {

namespace {

constexpr int kTries = 3;

}  // namespace

Pool quick_admin(const Client& client) { return client.admin().with_deadline(std::chrono::seconds(1)); }

bool append_lanes(admin::LanesReply& all, admin::LanesReply&& more) {
  const bool same = std::equal(all.pools.begin(), all.pools.end(), more.pools.begin(), more.pools.end(),
                               [](const auto& one, const auto& other) { return one.id == other.id; });
  if (!same) return false;
  all.lanes.insert(all.lanes.end(), std::make_move_iterator(more.lanes.begin()),
                   std::make_move_iterator(more.lanes.end()));
  all.next = more.next;
  return true;
}

Result<admin::LanesReply> read_lanes(const Client& client) {
  for (int tries = 0; tries < kTries; ++tries) {
    auto all = quick_admin(client).call<admin::Lanes>(std::uint64_t{0}).get();
    bool fits = true;
    while (fits && all.ok() && all->next != 0) {
      auto more = quick_admin(client).call<admin::Lanes>(all->next).get();
      if (!more.ok()) return more;
      fits = append_lanes(*all, *std::move(more));
    }
    if (fits) return all;
  }
  return Error{Code::deadline_exceeded, "pools come and go faster than their lanes can be read", {}};
}

Error reading_error(const Error& error) {
  if (error.code != Code::not_found && error.code != Code::unavailable) return error;
  return {Code::unavailable, "the daemon has ended", {}};
}

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Client::flush for callers who look at something else in between: an interpreter at its signals.
#pragma once

#include <chimaera/client.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "client/ticks.h"

namespace chi::client {

// What a flush of this thread keeps to: the caller of flush_for() sets it, Stream::flush answers.
struct FlushStep {
  std::uint64_t until_ns;
  bool over = false;  // before all was complete
};
extern thread_local FlushStep* flush_step;

// As client.flush(), but nothing where calls are still under way after so long. What was lost is then told by a later
// one.
inline std::optional<Status> flush_for(const Client& client, std::chrono::nanoseconds limit) {
  FlushStep step{precise_now() + bounded_ns(limit)};
  flush_step = &step;
  Status out = client.flush();
  flush_step = nullptr;
  return step.over ? std::nullopt : std::optional<Status>(std::move(out));
}

}  // namespace chi::client

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The trace of a node: begun, ended, read, let go of. One at a time; its memory is bounded, and there only from the
// start until it was read.
#pragma once

#include <memory>
#include <vector>

#include "chimaera/admin.h"
#include "chimaera/result.h"
#include "runtime/crew.h"
#include "runtime/pool_keeper.h"
#include "runtime/worker_trace.h"

namespace chi::runtime {

// Used by one thread.
class Tracer {
 public:
  static constexpr std::uint64_t kRecords = 65'536;
  static constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
  static constexpr std::uint64_t kStepsInReply = 2048;

  Tracer(Crew& crew, PoolKeeper& keeper) : crew_(crew), keeper_(keeper) {}

  Result<admin::TraceStartReply> start(const admin::TraceStart& request);
  Result<admin::TraceStopReply> stop();
  Result<admin::TraceReadReply> read(const admin::TraceRead& request);

  // Workers were added: a trace that goes on has them, too, if there is memory for that.
  void include_new_workers() noexcept;

 private:
  enum class State { off, on, ended };

  Status readable(std::uint64_t trace) const;
  Status trace_worker(std::uint32_t index);
  void end();
  std::vector<admin::TracePool> pools() const;
  admin::TraceStep step_of(const WorkerTrace& trace, const TraceRecord& record) const noexcept;
  std::uint64_t ns(Ticks at) const noexcept;

  Crew& crew_;
  PoolKeeper& keeper_;
  State state_ = State::off;
  std::uint64_t number_ = 0;  // of the latest trace
  std::uint64_t records_ = 0;
  bool all_ = false;
  Ticks began_;
  std::vector<std::shared_ptr<WorkerTrace>> traces_;
  admin::TraceStopReply ended_;
};

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The list of workloads, and what they have in common.
#include "benchmark/workload.h"

#include <signal.h>

#include <array>
#include <ctime>
#include <utility>

namespace chi::bench {
namespace {

constexpr std::array kWorkloads{
    Workload{"latency", "a null call's round trip between two processes, one in flight; with 4 KiB of loaned memory",
             true, run_latency},
    Workload{"throughput", "null calls a second, by client threads and depth; plain function and coroutine", true,
             run_throughput},
    Workload{"bulk", "loaned buffers of 4 KiB to 16 MiB: passed on, written and read by the handler", true, run_bulk},
    Workload{"kv", "get and put beside Redis, by value size, key distribution and depth", true, run_kv},
    Workload{"bdev", "block devices: a file beside fio, memory beside memcpy, by block size, direction and depth", true,
             run_bdev},
    Workload{"fanout", "a broadcast to 1 to 64 containers", true, run_fanout},
    Workload{"sleep", "the first call after both sides have slept", true, run_sleep},
    Workload{"priority", "low-latency calls beside a flood of high-throughput ones", true, run_priority},
    Workload{"mixed",
             "small and long tasks at 16 containers, 2 workers, by policy of work orchestration; lanes that move", true,
             run_mixed},
    Workload{"trace", "null calls a second, untraced and traced", true, run_trace},
    Workload{"idle", "CPU and memory of a daemon and a connected client that do nothing; time to the first reply", true,
             run_idle},
    Workload{"instructions", "instructions of a null call, counted by callgrind", true, run_instructions},
    Workload{"codec", "a request of three fields to bytes and back; one that is copied, beside the copy", true,
             run_codec},
    Workload{"calls", "null calls to the daemon at --socket, for profilers; measures nothing", false, run_calls},
};

sigset_t end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

// Keeps the signals that end a program for check_interrupt(), so that children and files are taken away.
class HeldSignals {
 public:
  HeldSignals() {
    const sigset_t held = end_signals();
    ::pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~HeldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

std::span<const Workload> workloads() { return kWorkloads; }

const Workload* find_workload(std::string_view name) {
  for (const Workload& workload : kWorkloads) {
    if (workload.name == name) return &workload;
  }
  return nullptr;
}

Result<Report> run_workload(const Workload& workload, const Options& options) {
  const HeldSignals held;
  Options placed = options;
  placed.placement = place_here();
  const MachineWatch watch;
  Result<Report> report = workload.run(placed);
  (void)bind_thread(placed.placement.all);  // whatever the workload left; it was allowed before
  if (!report.ok()) return report;
  Status goes_on = check_interrupt();  // a signal that still waits would end this process once it is let through
  if (!goes_on.ok()) return std::move(goes_on).error();
  report->workload = workload.name;
  report->repeats = options.repeats;
  report->machine = watch.look();
  return report;
}

Status check_interrupt() {
  const sigset_t held = end_signals();
  const timespec now{};
  if (::sigtimedwait(&held, nullptr, &now) > 0) return Error{Code::cancelled, "interrupted", "bench"};
  return {};
}

}  // namespace chi::bench

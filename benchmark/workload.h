// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The benchmark's workloads: what each measures, how it is asked for, and how it is run.
#pragma once

#include <chimaera/result.h>

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "benchmark/cpus.h"
#include "benchmark/report.h"

namespace chi::bench {

struct Options {
  unsigned repeats = 5;
  bool quick = false;                    // much shorter: says whether it works, not how fast it is
  std::string daemon;                    // name of one that runs; empty: a private one for each workload
  unsigned workers = 1;                  // of the private one
  unsigned max_threads = 0;              // of clients; 0: as many as there are CPUs
  std::uint64_t calls = 0;               // of the workload `calls`
  std::string socket;                    // of the daemon of the workload `calls`
  std::string dir;                       // where the file of the workload `bdev` goes; empty: $TMPDIR, else /var/tmp
  std::vector<std::string> fio_options;  // beside those that `bdev` gives
  std::string only;                      // of `bdev`: the cases that have this in their names; empty: all
  std::vector<std::string> module_paths;
  Placement placement{};  // filled in by run_workload

  // How long one measurement lasts in one repeat.
  std::chrono::nanoseconds slice() const { return std::chrono::milliseconds(quick ? 10 : 100); }
};

struct Workload {
  std::string_view name;
  std::string_view help;
  bool in_all;  // part of `all`
  Result<Report> (*run)(const Options& options);
};

std::span<const Workload> workloads();

// Null when there is none of this name.
const Workload* find_workload(std::string_view name);

// Fails as the workload does; with `cancelled` on SIGINT and SIGTERM. Precondition: this process has one thread.
Result<Report> run_workload(const Workload& workload, const Options& options);

// Fails with `cancelled` once the benchmark was asked to end. To be called between measurements.
Status check_interrupt();

// One file each.
Result<Report> run_latency(const Options& options);
Result<Report> run_throughput(const Options& options);
Result<Report> run_bulk(const Options& options);
Result<Report> run_kv(const Options& options);
Result<Report> run_bdev(const Options& options);
Result<Report> run_fanout(const Options& options);
Result<Report> run_sleep(const Options& options);
Result<Report> run_priority(const Options& options);
Result<Report> run_mixed(const Options& options);
Result<Report> run_trace(const Options& options);
Result<Report> run_idle(const Options& options);
Result<Report> run_instructions(const Options& options);
Result<Report> run_codec(const Options& options);
Result<Report> run_calls(const Options& options);

}  // namespace chi::bench

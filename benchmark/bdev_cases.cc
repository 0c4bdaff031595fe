// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Figures of pairs. Ratios are those of the pairs, of which the median is taken: what slows the machine down for a
// while slows down both of a pair.
#include "benchmark/bdev_cases.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace chi::bench {
namespace {

constexpr double kLeastOfFio = 0.95;
constexpr double kMostBeyondFioNs = 3000;
constexpr double kMostCpuOfFio = 1.5;
constexpr double kLeastOfMemcpy = 0.9;
constexpr double kLeastIopsOfMemory = 1.5e6;

Status measure_pair(BdevCase& one, bool rival_first, const MeasureBlocks& ours, const MeasureBlocks& rival) {
  BlockFigures own, other;
  for (bool is_rival : {rival_first, !rival_first}) {
    if (is_rival && !rival) continue;
    Status goes_on = check_interrupt();
    if (!goes_on.ok()) return goes_on;
    const Result<BlockFigures> found = is_rival ? rival(one.pattern) : ours(one.pattern);
    if (!found.ok()) return found.error();
    (is_rival ? other : own) = *found;
  }
  one.iops.add(own.iops);
  one.p50.add(own.p50_ns);
  one.p99.add(own.p99_ns);
  one.client_cpu.add(own.cpu_ns);
  one.daemon_cpu.add(own.daemon_cpu_ns);
  if (!rival) return {};
  one.rival_iops.add(other.iops);
  one.rival_p50.add(other.p50_ns);
  one.rival_cpu.add(other.cpu_ns);
  one.ratio.add(ratio(own.iops, other.iops));
  one.cpu_ratio.add(ratio(own.cpu_ns + own.daemon_cpu_ns, other.cpu_ns));
  one.added_p50.add(own.p50_ns - other.p50_ns);
  return {};
}

Json number(const Figure& figure) { return figure.empty() ? Json() : Json(rounded(figure.median())); }

Row row_of(const BdevCase& one) {
  Row row = {{"workload", "bdev"},
             {"backend", one.backend},
             {"bs", one.pattern.size},
             {"depth", one.pattern.depth},
             {"rw", name_of(one.pattern)},
             {"iops", number(one.iops)},
             {"mib_per_s", rounded(one.iops.median() * one.pattern.size / 0x1p20)},
             {"spread", rounded(one.iops.spread())},
             {"p50_ns", number(one.p50)},
             {"p99_ns", number(one.p99)},
             {"client_cpu_ns", number(one.client_cpu)},
             {"daemon_cpu_ns", number(one.daemon_cpu)},
             {"fio_iops", nullptr},
             {"fio_p50_ns", nullptr},
             {"fio_cpu_ns", nullptr},
             {"cpu_ratio", nullptr},
             {"added_p50_ns", nullptr},
             {"memcpy_per_s", nullptr},
             {"ratio", number(one.ratio)}};
  if (one.backend == "ram") {
    row["memcpy_per_s"] = number(one.rival_iops);
    return row;
  }
  row["fio_iops"] = number(one.rival_iops);
  row["fio_p50_ns"] = number(one.rival_p50);
  row["fio_cpu_ns"] = number(one.rival_cpu);
  row["cpu_ratio"] = number(one.cpu_ratio);
  row["added_p50_ns"] = number(one.added_p50);
  return row;
}

void add_file_targets(const BdevCase& one, std::vector<Target>& out) {
  if (one.ratio.empty()) return;
  out.push_back({one.name() + ": IOPS / fio", one.ratio.median(), kLeastOfFio, false});
  if (!one.pattern.random) return;
  if (one.pattern.depth == 1) {
    out.push_back({one.name() + ": p50 beyond fio, ns", one.added_p50.median(), kMostBeyondFioNs, true});
  }
  out.push_back({one.name() + ": CPU / fio", one.cpu_ratio.median(), kMostCpuOfFio, true});
}

void add_ram_targets(const BdevCase& one, std::vector<Target>& out) {
  if (!one.pattern.random) {
    out.push_back({one.name() + ": bandwidth / memcpy", one.ratio.median(), kLeastOfMemcpy, false});
  } else if (one.pattern.depth > 1) {
    out.push_back({one.name() + ": IOPS", one.iops.median(), kLeastIopsOfMemory, false});
  }
}

}  // namespace

std::string BdevCase::name() const {
  return fmt::format("{} {} {} at depth {}", backend, format_size(pattern.size), name_of(pattern), pattern.depth);
}

std::vector<BdevCase> bdev_cases(const std::string& backend, const Options& options) {
  std::vector<BdevCase> out;
  for (std::uint32_t size : {4096U, 1U << 20}) {
    for (unsigned depth : {1U, 32U}) {
      for (bool write : {false, true}) {
        BdevCase one{backend, {size, depth, write, size == 4096U}};
        if (one.name().find(options.only) != std::string::npos) out.push_back(std::move(one));
      }
    }
  }
  return out;
}

Status measure_cases(std::vector<BdevCase>& cases, const Options& options, const MeasureBlocks& ours,
                     const MeasureBlocks& rival) {
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    for (BdevCase& one : cases) {
      Status measured = measure_pair(one, repeat % 2 == 1, ours, rival);
      if (!measured.ok()) return measured;
    }
  }
  return {};
}

void add_rows(const std::vector<BdevCase>& cases, Report& report) {
  for (const BdevCase& one : cases) report.rows.push_back(row_of(one));
}

void add_targets(const std::vector<BdevCase>& cases, Report& report) {
  for (const BdevCase& one : cases) {
    one.backend == "file" ? add_file_targets(one, report.targets) : add_ram_targets(one, report.targets);
  }
}

}  // namespace chi::bench

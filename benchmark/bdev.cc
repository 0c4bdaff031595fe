// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `bdev`: block devices as a program sees them through the daemon. A file beside fio, which works on the same file in
// the same way; memory beside memcpy.
#include <bdev/bdev.h>
#include <bdev/config.h>
#include <bdev/stat.h>
#include <fmt/format.h>

#include <functional>
#include <utility>

#include "base/text.h"
#include "benchmark/bdev_file.h"
#include "benchmark/block_copy.h"
#include "benchmark/block_load.h"
#include "benchmark/fio.h"
#include "benchmark/stage.h"

namespace chi::bench {
namespace {

constexpr std::size_t kMaxOperations = 4'000'000;
constexpr std::uint64_t kMiB = 1 << 20;

struct Point {
  std::string backend;
  BlockPattern pattern;
  Figure iops{}, p50{}, p99{}, client_cpu{}, daemon_cpu{}, cpu{};
  Figure rival_iops{}, rival_p50{}, rival_p99{}, rival_cpu{};
  Figure ratio{}, cpu_ratio{}, added_p50{};

  bool small() const noexcept { return pattern.random; }
  std::string text() const {
    return fmt::format("{} {} {} at depth {}", backend, format_size(pattern.size), name_of(pattern), pattern.depth);
  }
};

std::vector<Point> points_of(const std::string& backend) {
  std::vector<Point> out;
  for (std::uint32_t size : {4096U, 1U << 20}) {
    for (unsigned depth : {1U, 32U}) {
      for (bool write : {false, true}) out.push_back({backend, {size, depth, write, size == 4096U}});
    }
  }
  return out;
}

using Measure = std::function<Result<BlockFigures>(const BlockPattern&)>;

// Both of a pair right after each other, and in the other order the next time. Without `rival` it is not there.
Status measure_pair(Point& point, bool rival_first, const Measure& ours, const Measure& rival) {
  BlockFigures own, other;
  for (bool is_rival : {rival_first, !rival_first}) {
    if (is_rival && !rival) continue;
    Status goes_on = check_interrupt();
    if (!goes_on.ok()) return goes_on;
    const Result<BlockFigures> found = is_rival ? rival(point.pattern) : ours(point.pattern);
    if (!found.ok()) return found.error();
    (is_rival ? other : own) = *found;
  }
  point.iops.add(own.iops);
  point.p50.add(own.p50_ns);
  point.p99.add(own.p99_ns);
  point.client_cpu.add(own.cpu_ns);
  point.daemon_cpu.add(own.daemon_cpu_ns);
  point.cpu.add(own.cpu_ns + own.daemon_cpu_ns);
  if (!rival) return {};
  point.rival_iops.add(other.iops);
  point.rival_p50.add(other.p50_ns);
  point.rival_p99.add(other.p99_ns);
  point.rival_cpu.add(other.cpu_ns);
  point.ratio.add(ratio(own.iops, other.iops));
  point.cpu_ratio.add(ratio(own.cpu_ns + own.daemon_cpu_ns, other.cpu_ns));
  point.added_p50.add(own.p50_ns - other.p50_ns);
  return {};
}

Status measure_points(std::vector<Point>& points, const Options& options, const Measure& ours, const Measure& rival) {
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    for (Point& point : points) {
      Status measured = measure_pair(point, repeat % 2 == 1, ours, rival);
      if (!measured.ok()) return measured;
    }
  }
  return {};
}

Json number(const Figure& figure) { return figure.empty() ? Json() : Json(rounded(figure.median())); }

Row row_of(const Point& point) {
  const bool file = point.backend == "file";
  const Figure none;
  Row row = {{"workload", "bdev"},
             {"backend", point.backend},
             {"bs", point.pattern.size},
             {"depth", point.pattern.depth},
             {"rw", name_of(point.pattern)},
             {"iops", number(point.iops)},
             {"mib_per_s", rounded(point.iops.median() * point.pattern.size / kMiB)},
             {"p50_ns", number(point.p50)},
             {"p99_ns", number(point.p99)},
             {"client_cpu_ns", number(point.client_cpu)},
             {"daemon_cpu_ns", number(point.daemon_cpu)},
             {"fio_iops", number(file ? point.rival_iops : none)},
             {"fio_p50_ns", number(file ? point.rival_p50 : none)},
             {"fio_p99_ns", number(file ? point.rival_p99 : none)},
             {"fio_cpu_ns", number(file ? point.rival_cpu : none)},
             {"memcpy_per_s", number(file ? none : point.rival_iops)},
             {"ratio", number(point.ratio)},
             {"cpu_ratio", number(file ? point.cpu_ratio : none)},
             {"added_p50_ns", number(file ? point.added_p50 : none)},
             {"spread", rounded(point.iops.spread())}};
  return row;
}

void add_file_targets(const Point& point, std::vector<Target>& out) {
  if (point.ratio.empty()) return;
  out.push_back({point.text() + ": IOPS / fio", point.ratio.median(), 0.95, false});
  if (!point.small()) return;
  if (point.pattern.depth == 1) out.push_back({point.text() + ": p50 ns beyond fio", point.added_p50.median(), 3000});
  out.push_back({point.text() + ": CPU / fio", point.cpu_ratio.median(), 1.5});
}

void add_ram_targets(const Point& point, std::vector<Target>& out) {
  if (!point.small()) out.push_back({point.text() + ": bandwidth / memcpy", point.ratio.median(), 0.9, false});
  if (point.small() && point.pattern.depth > 1)
    out.push_back({point.text() + ": IOPS", point.iops.median(), 1.5e6, false});
}

Result<Pool> make_volume(Stage& stage, const std::string& backend, std::uint64_t size) {
  bdev::Config config;
  config.backend = backend;
  config.size = size;
  config.disk = true;
  Result<Pool> pool = stage.make_pool("bdev", 1, Bytes(encode_to_string(config)));
  if (!pool.ok()) return pool;
  Status filled = fill_volume(stage.client(), *pool, size);
  if (!filled.ok()) return std::move(filled).error();
  return pool;
}

// Whether the volume is still one.
Status check_volume(const Pool& pool) {
  const Result<bdev::CheckReply> reply = pool.call<bdev::Check>().get();
  if (!reply.ok()) return reply.error();
  for (const bdev::CheckReport& report : reply->reports) {
    if (!report.problems.empty()) return Error{Code::data_loss, report.problems.front(), "bench"};
  }
  return {};
}

Measure load_on(Stage& stage, const Pool& pool, std::uint64_t size, nanoseconds slice, Samples& samples) {
  return [&stage, &pool, &samples, size, slice](const BlockPattern& pattern) -> Result<BlockFigures> {
    Result<BlockLoad> load = BlockLoad::make(stage.client(), pool, pattern, size, stage.daemon_pid());
    if (!load.ok()) return std::move(load).error();
    return load->run(slice, samples);
  };
}

Status measure_file(Stage& stage, BdevFile& file, std::uint64_t size, const Options& options, Samples& samples,
                    Report& report) {
  const Result<Pool> pool = make_volume(stage, "file:" + file.path(), size);
  if (!pool.ok()) return pool.error();
  Status good = file.find_data();
  if (good.ok()) good = file.check_data(stage.client(), *pool);
  if (!good.ok()) return good;
  const nanoseconds slice = options.slice() * 10;  // a disk has its moods
  FioJob job{file.path(), file.offset(), size, {}, file.direct()};
  job.time = std::chrono::duration_cast<std::chrono::milliseconds>(slice);
  job.cpu = options.placement.worker;
  job.options = options.fio_options;
  Measure rival = [&](const BlockPattern& pattern) {
    job.pattern = pattern;
    return run_fio(job, file.folder().file("fio.log"));
  };
  std::vector<Point> points = points_of("file");
  const Result<BlockFigures> tried = rival(points.front().pattern);
  if (!tried.ok() && tried.code() != Code::not_found) return tried.error();
  if (!tried.ok()) report.notes.push_back(tried.error().text);
  if (!tried.ok()) rival = nullptr;
  good = measure_points(points, options, load_on(stage, *pool, size, slice, samples), rival);
  if (good.ok()) good = check_volume(*pool);
  if (!good.ok()) return good;
  for (const Point& point : points) {
    report.rows.push_back(row_of(point));
    if (file.direct() && !file.in_memory()) add_file_targets(point, report.targets);
  }
  return {};
}

Status measure_ram(Stage& stage, std::uint64_t size, const Options& options, Samples& samples, Report& report) {
  const Result<Pool> pool = make_volume(stage, "ram:" + std::to_string(size), size);
  if (!pool.ok()) return pool.error();
  BlockCopy copy(size);
  const Measure rival = [&](const BlockPattern& pattern) { return copy.run(pattern, options.slice()); };
  std::vector<Point> points = points_of("ram");
  Status good = measure_points(points, options, load_on(stage, *pool, size, options.slice(), samples), rival);
  if (!good.ok()) return good;
  for (const Point& point : points) {
    report.rows.push_back(row_of(point));
    add_ram_targets(point, report.targets);
  }
  return {};
}

void add_notes(const BdevFile& file, std::uint64_t size, const Options& options, Report& report) {
  std::string more;
  for (const std::string& option : options.fio_options) more += " --" + option;
  report.notes.push_back(
      fmt::format("fio: --ioengine=io_uring --direct={}{}, without fixedbufs and registerfiles unless "
                  "said here; one job on the worker's CPU; latency is its `lat`",
                  file.direct() ? 1 : 0, more));
  report.notes.push_back(fmt::format("file of {} in {}; *_cpu_ns: user and system time of an operation",
                                     format_size(size), file.folder().path()));
  if (file.in_memory() || !file.direct()) {
    report.notes.push_back(
        "that folder is in memory, or has no O_DIRECT, so that no target is looked at: say --dir "
        "FOLDER, on a disk");
  }
}

}  // namespace

Result<Report> run_bdev(const Options& options) {
  const std::uint64_t file_size = (options.quick ? 64 : 1024) * kMiB, ram_size = (options.quick ? 64 : 256) * kMiB;
  Result<BdevFile> file = BdevFile::make(options, file_size);
  if (!file.ok()) return std::move(file).error();
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  Samples samples(kMaxOperations);
  Report report;
  add_notes(*file, file_size, options, report);
  Status good = measure_file(**stage, *file, file_size, options, samples, report);
  if (good.ok()) good = measure_ram(**stage, ram_size, options, samples, report);
  if (!good.ok()) return std::move(good).error();
  return report;
}

}  // namespace chi::bench

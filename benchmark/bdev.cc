// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `bdev`: block devices as a program sees them through the daemon. A file beside fio, which works on the same file in
// the same way; memory beside memcpy.
#include <bdev/bdev.h>
#include <bdev/config.h>
#include <bdev/stat.h>
#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "benchmark/bdev_cases.h"
#include "benchmark/bdev_file.h"
#include "benchmark/block_copy.h"
#include "benchmark/block_load.h"
#include "benchmark/fio.h"
#include "benchmark/stage.h"

namespace chi::bench {
namespace {

constexpr std::size_t kMaxOperations = 4'000'000;  // of one measurement
constexpr std::uint64_t kMiB = 1 << 20;

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

// Whether the volume is still one: fio had its file.
Status check_volume(const Pool& pool) {
  const Result<bdev::CheckReply> reply = pool.call<bdev::Check>().get();
  if (!reply.ok()) return reply.error();
  for (const bdev::CheckReport& report : reply->reports) {
    if (!report.problems.empty()) return Error{Code::data_loss, report.problems.front(), "bench"};
  }
  return {};
}

MeasureBlocks load_on(const Stage& stage, const Pool& pool, std::uint64_t size, nanoseconds slice, Samples& samples) {
  return [&stage, &pool, &samples, size, slice](const BlockPattern& pattern) -> Result<BlockFigures> {
    Result<BlockLoad> load = BlockLoad::make(stage.client(), pool, pattern, size, stage.daemon_pid());
    if (!load.ok()) return std::move(load).error();
    return load->run(slice, samples);
  };
}

// Empty, and a note says why, when it is not installed. Fails when it does not work.
Result<MeasureBlocks> fio_on(const BdevFile& file, std::uint64_t size, nanoseconds slice, const Options& options,
                             Report& report) {
  FioJob job{file.path(), file.offset(), size, {}, file.direct()};
  job.time = std::chrono::duration_cast<std::chrono::milliseconds>(slice);
  job.cpu = options.placement.worker;
  job.options = options.fio_options;
  const std::string log = file.folder().file("fio.log");
  const Result<BlockFigures> tried = run_fio(job, log);
  if (tried.code() == Code::not_found) {
    report.notes.push_back(tried.error().text);
    return MeasureBlocks();
  }
  if (!tried.ok()) return tried.error();
  std::string more;
  for (const std::string& option : options.fio_options) more += " --" + option;
  report.notes.push_back(fmt::format(
      "fio: --ioengine=io_uring --direct={}{}, {}its latency is `lat`: `clat` leaves out the system call that submits",
      job.direct ? 1 : 0, more, more.empty() ? "no fixedbufs, no registerfiles; " : ""));
  return MeasureBlocks([job, log](const BlockPattern& pattern) {
    FioJob next = job;
    next.pattern = pattern;
    return run_fio(next, log);
  });
}

Status measure_file(Stage& stage, BdevFile& file, const Options& options, Samples& samples, Report& report) {
  const Result<Pool> pool = make_volume(stage, "file:" + file.path(), file.size());
  if (!pool.ok()) return pool.error();
  Status good = file.find_data();
  if (good.ok()) good = file.check_data(stage.client(), *pool);
  if (!good.ok()) return good;
  const nanoseconds slice = options.slice() * 10;  // a disk is not as even as memory
  const Result<MeasureBlocks> rival = fio_on(file, file.size(), slice, options, report);
  if (!rival.ok()) return rival.error();
  std::vector<BdevCase> cases = bdev_cases("file", options);
  good = measure_cases(cases, options, load_on(stage, *pool, file.size(), slice, samples), *rival);
  if (good.ok()) good = check_volume(*pool);
  if (!good.ok()) return good;
  add_rows(cases, report);
  const std::string place = fmt::format("file of {} in {}", format_size(file.size()), file.folder().path());
  if (file.direct() && !file.in_memory()) {
    add_targets(cases, report);
    report.notes.push_back(place);
  } else {
    report.notes.push_back(place + ", which is in memory or has no O_DIRECT, so that no target is looked at: say " +
                           "--dir FOLDER, on a disk");
  }
  return {};
}

Status measure_ram(Stage& stage, std::uint64_t size, const Options& options, Samples& samples, Report& report) {
  const Result<Pool> pool = make_volume(stage, "ram:" + std::to_string(size), size);
  if (!pool.ok()) return pool.error();
  BlockCopy copy(size);
  const MeasureBlocks rival = [&](const BlockPattern& pattern) { return copy.run(pattern, options.slice()); };
  std::vector<BdevCase> cases = bdev_cases("ram", options);
  Status good = measure_cases(cases, options, load_on(stage, *pool, size, options.slice(), samples), rival);
  if (!good.ok()) return good;
  add_rows(cases, report);
  add_targets(cases, report);
  report.notes.push_back(
      fmt::format("memory of {}; *_cpu_ns: user and system time of an operation", format_size(size)));
  return {};
}

Status measure_all(const Options& options, Report& report) {
  const std::uint64_t file_size = (options.quick ? 64 : 1024) * kMiB;
  const std::uint64_t ram_size = (options.quick ? 64 : 256) * kMiB;
  std::optional<BdevFile> file;  // the daemon goes first
  const bool with_file = !bdev_cases("file", options).empty(), with_ram = !bdev_cases("ram", options).empty();
  if (with_file) {
    Result<BdevFile> made = BdevFile::make(options, file_size);
    if (!made.ok()) return std::move(made).error();
    file.emplace(*std::move(made));
  }
  const Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return stage.error();
  Samples samples(kMaxOperations);
  Status good;
  if (with_file) good = measure_file(**stage, *file, options, samples, report);
  if (good.ok() && with_ram) good = measure_ram(**stage, ram_size, options, samples, report);
  return good;
}

}  // namespace

Result<Report> run_bdev(const Options& options) {
  if (bdev_cases("file", options).empty() && bdev_cases("ram", options).empty()) {
    return Error{Code::invalid_argument,
                 fmt::format("no case has '{}' in its name; one is called '{}'", options.only,
                             BdevCase{"file", {4096, 32, false, true}}.name()),
                 "bench"};
  }
  Report report;
  Status measured = measure_all(options, report);
  if (!measured.ok()) return std::move(measured).error();
  return report;
}

}  // namespace chi::bench

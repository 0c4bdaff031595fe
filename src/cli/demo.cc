// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera demo`: the main job. A daemon of its own, a pool of kv, real records streamed into it, queries that run
// where the records are, and each answer checked. The parts are in demo_*.h.
#include <chimaera/client.h>
#include <fmt/format.h>
#include <kv/kv.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/demo_daemon.h"
#include "cli/demo_expectation.h"
#include "cli/demo_load.h"
#include "cli/demo_queries.h"
#include "cli/demo_records.h"
#include "cli/demo_report.h"
#include "cli/demo_source.h"
#include "cli/examples.h"
#include "cli/exit_code.h"
#include "cli/progress.h"
#include "cli/signal_watch.h"
#include "cli/table.h"
#include "cli/target.h"
#include "cli/usage.h"

namespace chi::cli {

namespace {

constexpr std::uint32_t kContainers = 8;
constexpr std::uint64_t kLookAtTime = 64;  // records for each look
constexpr const char* kNoIndex =
    "run `apt-get update` as root to fetch the package index, or give a file of such records: chimaera demo FILE";

struct DemoArguments {
  std::string file;
  bool json = false;
};

Result<std::unique_ptr<DemoSource>> open_source(const DemoArguments& given) {
  if (!given.file.empty()) return DemoSource::open(given.file);
  auto source = DemoSource::run({"apt-cache", "dumpavail"});
  if (source.ok() || source.code() != Code::not_found) return source;
  return Error{Code::not_found, "this machine has no apt-cache: give a file of records, as in chimaera demo FILE", {}};
}

// Every record to the pool, and into what is expected of it.
Status load(DemoSource& source, DemoLoader& loader, DemoExpectation& expected, DemoReport& report) {
  RecordReader reader([&source](char* to, std::size_t size) { return source.read(to, size); });
  Progress progress("storing", source.size(), ::isatty(STDERR_FILENO) == 1);
  for (;;) {
    DemoRecord record;
    const Result<bool> is_there = reader.next(record);
    if (!is_there.ok()) return is_there.error();
    if (!*is_there) break;
    Status put = loader.put(record.key, record.text);
    if (!put.ok()) return put;
    expected.add(record.key, record.text);
    if (++report.read % kLookAtTime != 0 || !progress.due()) continue;
    progress.show(reader.bytes(), fmt::format("{} records, {:.1f} MB", human_count(report.read),
                                              static_cast<double>(reader.bytes()) / 1e6));
  }
  report.bytes = reader.bytes();
  Status ended = source.finish();
  if (!ended.ok()) return ended;
  return loader.finish();
}

Status load_all(const Client& client, const Pool& pool, const DemoArguments& given, DemoExpectation& expected,
                DemoReport& report) {
  const Result<std::unique_ptr<DemoSource>> source = open_source(given);
  if (!source.ok()) return source.error();
  report.source = (*source)->name();
  DemoLoader loader(client, pool, kContainers);
  const auto begin = std::chrono::steady_clock::now();
  Status loaded = load(**source, loader, expected, report);
  if (!loaded.ok()) return loaded;
  report.load_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  report.waited_s = (*source)->waited();
  report.records = expected.count();
  if (report.records != 0) return {};
  return Error{Code::not_found,
               fmt::format("{} has no records; {}", report.source,
                           given.file.empty() ? kNoIndex : "records look as `apt-cache dumpavail` prints them"),
               {}};
}

Result<DemoReport> run_job(const PrivateDaemon& daemon, const DemoArguments& given) {
  ConnectOptions options;
  options.socket = daemon.socket();
  options.reconnect = false;
  const Result<Client> client = Client::connect(options);
  if (!client.ok()) return client.error();
  const Result<Pool> pool = client->create_pool("packages", {.module = "kv", .containers = kContainers});
  if (!pool.ok()) return pool.error();
  DemoReport report;
  DemoExpectation expected;
  Status done = load_all(*client, *pool, given, expected, report);
  if (!done.ok()) return std::move(done).error();
  Result<std::vector<DemoQuery>> queries = run_queries(*pool, expected);
  if (!queries.ok()) return std::move(queries).error();
  report.queries = *std::move(queries);
  done = measure_lookups(*pool, expected, report);
  if (!done.ok()) return std::move(done).error();
  Result<std::vector<DemoContainer>> containers = find_containers(*client, *pool);
  if (!containers.ok()) return std::move(containers).error();
  report.containers = *std::move(containers);
  return report;
}

// The end by Ctrl-C and the like, on the watching thread, whatever the others wait for just then.
[[noreturn]] void end_by_signal(PrivateDaemon& daemon, int signal) {
  daemon.stop();
  std::fputs("\ninterrupted\n", stderr);
  ::_exit(128 + signal);
}

// Tells of a failure; what the daemon had to say of it, too, for its log goes away.
int report_failure(const PrivateDaemon& daemon, const Error& error) {
  if (error.code == Code::unavailable || error.code == Code::internal) {
    std::fputs(daemon.log_tail().c_str(), stderr);
  }
  report(error);
  return kFailed;
}

int run_with(PrivateDaemon& daemon, const DemoArguments& given) {
  Result<std::unique_ptr<SignalWatch>> watch =
      SignalWatch::start([&daemon](int signal) { end_by_signal(daemon, signal); });
  if (!watch.ok()) return report(watch.error());
  const Result<DemoReport> result = run_job(daemon, given);
  watch->reset();  // from here on nothing waits for long; after a signal, this does not return
  if (!result.ok()) return report_failure(daemon, result.error());
  if (given.json) {
    print_json(to_json(*result));
  } else {
    std::fputs(render(*result).c_str(), stdout);
  }
  return result->correct() ? kDone : kFailed;
}

int run_demo_job(const DemoArguments& given) {
  block_end_signals();
  const Result<std::unique_ptr<PrivateDaemon>> daemon = PrivateDaemon::start();
  if (!daemon.ok()) return report(daemon.error());
  return run_with(**daemon, given);
}

}  // namespace

int run_demo(const std::vector<std::string>& arguments) {
  CLI::App command(
      "Stores records in a pool of 8 containers of a daemon of its own, queries them there, checks each result "
      "against\n"
      "what it worked out by itself, and leaves nothing behind. Records are keyed by Package; of several with one "
      "name\n"
      "the last one counts.",
      "chimaera demo");
  DemoArguments given;
  command.add_option("FILE", given.file,
                     "records as `apt-cache dumpavail` prints them, '-' for stdin; default: what it prints here");
  command.add_flag("--json", given.json, "print JSON");
  add_examples(command, "demo");
  try {
    command.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // it takes them from the back
  } catch (const CLI::ParseError& e) {
    return end_of_parse(command, e, arguments);
  }
  return run_demo_job(given);
}

}  // namespace chi::cli

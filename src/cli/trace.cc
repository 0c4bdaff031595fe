// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera trace start|stop`: what each task waited for and when it ran, as a file for ui.perfetto.dev.
#include <chimaera/admin.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/partial_file.h"
#include "cli/table.h"
#include "cli/target.h"
#include "cli/trace_events.h"

namespace chi::cli {

namespace {

struct TraceArguments {
  Target target;
  std::uint64_t records = 0;
  bool all = false;
  std::string file = "chimaera-trace.json";
};

int start_trace(const TraceArguments& given) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  const auto started = client->admin().call<admin::TraceStart>(given.records, given.all).get();
  if (!started.ok()) return report(started.error());
  if (given.target.json) return print_result(to_json(*started));
  std::printf("tracing; each worker (%u) keeps its newest %s steps, in %s of memory\n", started->workers,
              human_count(started->records).c_str(), human_size(static_cast<double>(started->bytes)).c_str());
  return kDone;
}

Status write_trace(const Client& client, const admin::TraceStopReply& trace, const std::string& daemon,
                   PartialFile& file) {
  TraceEvents events(trace);
  if (auto written = file.write(events.head(daemon)); !written) return written;
  std::string text;
  for (std::uint64_t done = 0; done < trace.records;) {
    const auto read = client.admin().call<admin::TraceRead>(done, false).get();
    if (!read.ok()) return read.error();
    if (read->steps.empty()) return Error{Code::aborted, "somebody else has let go of the trace meanwhile", {}};
    text.clear();
    for (const admin::TraceStep& step : read->steps) events.events(step, text);
    if (auto written = file.write(text); !written) return written;
    done += read->steps.size();
  }
  if (auto written = file.write(TraceEvents::kTail); !written) return written;
  return file.finish();
}

void print_trace(const admin::TraceStopReply& trace, std::uint64_t lost, std::uint64_t passed_over,
                 const std::string& file) {
  std::printf("traced %s: %s steps (workers: %zu) are in %s; open it at https://ui.perfetto.dev\n",
              human_duration(static_cast<double>(trace.duration_ns) / 1e9).c_str(), human_count(trace.records).c_str(),
              trace.workers.size(), printable(file).c_str());
  if (lost != 0) {
    std::printf("%s older steps had no room: trace for a shorter time, or with more --records\n",
                human_count(lost).c_str());
  }
  if (passed_over != 0) {
    std::printf("%s tasks came too fast to trace each: `chimaera trace start --all` does, and slows them down\n",
                human_count(passed_over).c_str());
  }
  for (const std::uint32_t worker : trace.missing) {
    std::printf("worker %u did not answer in time: what it kept is missing\n", worker);
  }
}

int stop_trace(const TraceArguments& given) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  Result<PartialFile> file = PartialFile::create(given.file);
  if (!file.ok()) return report(file.error());
  const auto trace = client->admin().call<admin::TraceStop>().get();
  if (!trace.ok()) return report(trace.error());
  if (const Status written = write_trace(*client, *trace, given.target.name, *file); !written) {
    const Code code = written.code();
    const bool gone = code == Code::aborted || code == Code::unavailable || code == Code::failed_precondition;
    if (!gone) std::fputs("the daemon still has the trace: `chimaera trace stop -o FILE` tries again\n", stderr);
    return report(written.error());
  }
  const auto released = client->admin().call<admin::TraceRead>(std::uint64_t{0}, true).get();
  if (!released.ok()) return report(released.error());
  std::uint64_t lost = 0;
  std::uint64_t passed_over = 0;
  for (const auto& worker : trace->workers) {
    lost += worker.lost;
    passed_over += worker.passed_over;
  }
  if (!given.target.json) return print_trace(*trace, lost, passed_over, given.file), kDone;
  print_json({{"file", given.file},
              {"duration_ns", trace->duration_ns},
              {"records", trace->records},
              {"lost", lost},
              {"passed_over", passed_over},
              {"missing", trace->missing}});
  return kDone;
}

}  // namespace

void add_trace(CLI::App& program, Action& run) {
  CLI::App* group = program.add_subcommand("trace", "Record when each task waited, ran and was answered, and where");
  group->require_subcommand(1);
  group->footer(
      "While a trace goes on each worker keeps its newest steps in memory, so that it may go on for any time; stop it\n"
      "soon after what is to be seen. For the daemon's user and root.");
  auto given = std::make_shared<TraceArguments>();
  CLI::App* start = group->add_subcommand("start", "Begin a trace, while the daemon works");
  add_target(*start, given->target);
  start->add_option("--records", given->records, "steps that each worker keeps; without it 65,536")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
  start->add_flag("--all", given->all, "trace each task, however fast they come: it slows short ones down");
  start->callback([&run, given] { run = [given] { return start_trace(*given); }; });
  given = std::make_shared<TraceArguments>();
  CLI::App* stop = group->add_subcommand("stop", "End the trace, and write it to a file for https://ui.perfetto.dev");
  add_target(*stop, given->target);
  stop->add_option("-o,--output", given->file, "file to write, or to replace; only you can read it")
      ->capture_default_str();
  stop->callback([&run, given] { run = [given] { return stop_trace(*given); }; });
}

}  // namespace chi::cli

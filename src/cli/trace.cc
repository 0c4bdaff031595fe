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
#include "cli/failure.h"
#include "cli/json.h"
#include "cli/partial_file.h"
#include "cli/signal_watch.h"
#include "cli/table.h"
#include "cli/target.h"
#include "cli/trace_events.h"
#include "cli/trace_text.h"

namespace chi::cli {

namespace {

constexpr const char* kStdout = "-";

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
  if (!started.ok()) return report(*client, started.error());
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
    const auto read = client.admin().call<admin::TraceRead>(trace.trace, done, false).get();
    if (!read.ok()) return read.error();
    if (read->steps.empty()) return Error{Code::internal, "the daemon has fewer steps than it said", {}};
    text.clear();
    for (const admin::TraceStep& step : read->steps) events.events(step, text);
    if (auto written = file.write(text); !written) return written;
    done += read->steps.size();
  }
  if (auto written = file.write(TraceEvents::kTail); !written) return written;
  return file.finish();
}

Json summary_of(const admin::TraceStopReply& trace, const std::string& file) {
  const TraceGaps gaps(trace);
  return {{"file", file},      {"duration_ns", trace.duration_ns}, {"records", trace.records},
          {"lost", gaps.lost}, {"passed_over", gaps.passed_over},  {"missing", trace.missing}};
}

int save_trace(const Client& client, const TraceArguments& given, PartialFile& file) {
  const auto trace = client.admin().call<admin::TraceStop>().get();
  if (!trace.ok()) return report(client, trace.error());
  if (const Status written = write_trace(client, *trace, given.target.name, file); !written) {
    if (given.file == kStdout && stdout_is_closed()) return kFailed;
    if (!trace_has_gone(written.code())) {
      std::fputs("the daemon still has the trace: `chimaera trace stop -o FILE` tries again\n", stderr);
    }
    return report(client, written.error());
  }
  // The file is what was asked for, and there: whatever comes of this, the command has done it.
  const auto released = client.admin().call<admin::TraceRead>(trace->trace, std::uint64_t{0}, true).get();
  if (!released.ok()) std::fputs(unreleased_text(released.error(), given.file).c_str(), stderr);
  if (given.file == kStdout) {  // has the trace, and nothing else
    std::fputs(trace_text(*trace, "stdout").c_str(), stderr);
  } else if (given.target.json) {
    print_json(summary_of(*trace, given.file));
  } else {
    std::fputs(trace_text(*trace, given.file).c_str(), stdout);
  }
  return kDone;
}

// The file comes first: from then on Ctrl-C takes it away, whatever is waited for.
int stop_trace(const TraceArguments& given) {
  block_end_signals();
  Result<PartialFile> file = PartialFile::create(given.file);
  if (!file.ok()) return report(file.error());
  const auto watch = SignalWatch::start_before_end([&file] { file->abandon(); });
  if (!watch.ok()) return report(watch.error());
  const Result<Client> client = connect(given.target);
  return client.ok() ? save_trace(*client, given, *file) : report_unreachable(client.error());
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
  stop->add_option("-o,--output", given->file, "file to write, or to replace, which only you can read; -: stdout")
      ->capture_default_str();
  stop->callback([&run, given] { run = [given] { return stop_trace(*given); }; });
}

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera worch record`: what a daemon's lanes do for some time, as a file for `chimaera worch simulate`.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/lane_reading.h"
#include "cli/load_recorder.h"
#include "cli/partial_file.h"
#include "cli/progress.h"
#include "cli/signal_watch.h"
#include "cli/table.h"
#include "cli/target.h"
#include "sim/generated_load.h"

namespace chi::cli {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(10);  // for a daemon that does not answer when the time is over

struct RecordArguments {
  Target target;
  std::string file;
  std::uint64_t seconds = 10;
  std::uint64_t interval_ms = sim::kOnlyMs;

  std::uint64_t intervals() const { return (seconds * 1000 + interval_ms - 1) / interval_ms; }
};

// Ctrl-C, between two threads.
class Wish {
 public:
  void make() {
    {
      std::lock_guard lock(mutex_);
      made_ = true;
    }
    changed_.notify_all();
  }
  bool wait_until(SteadyClock::time_point time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, time, [this] { return made_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool made_ = false;
};

class Recording {
 public:
  static Result<Recording> begin(const Client& client, const RecordArguments& given) {
    auto file = PartialFile::create(given.file);
    if (!file.ok()) return file.error();
    const auto first = read_lanes(client);
    if (!first.ok()) return reading_error(first.error());
    return Recording(client, given, *std::move(file), *first);
  }

  // Until all is there, or `end` is wished for. An error: the file cannot be written.
  Status run(Wish& end) {
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    Progress progress("recording", given_.intervals(), terminal);
    const auto interval = std::chrono::milliseconds(given_.interval_ms);
    const auto begin = SteadyClock::now();
    const auto latest = begin + interval * given_.intervals() + kPatience;
    for (bool ended = false; !ended && !recorder_.whole() && cut_.ok();) {
      const auto passed = (SteadyClock::now() - begin) / interval;
      ended = end.wait_until(begin + (passed + 1) * interval);
      const auto reading = read_lanes(client_);
      if (reading.ok()) {
        cut_ = recorder_.add(*reading, text_);
        if (Status written = write(); !written) return written;
        if (!terminal || !progress.due()) continue;
        progress.show(recorder_.intervals(), human_count(recorder_.tasks()) + " tasks");
      } else if (!ended && (reading.code() != Code::deadline_exceeded || SteadyClock::now() > latest)) {
        cut_ = reading_error(reading.error());
      }
    }
    return {};
  }

  Status finish() {
    Status full = recorder_.end(text_);
    if (cut_.ok()) cut_ = std::move(full);
    if (recorder_.tasks() == 0) {
      if (!cut_.ok()) return cut_;
      return {Code::failed_precondition, "no task ended in that time: there is no load to record"};
    }
    if (Status written = write(); !written) return written;
    return file_.finish();
  }

  // Why it is shorter than it should be.
  const Status& cut() const { return cut_; }

  void print() const {
    const double seconds = static_cast<double>(recorder_.intervals() * given_.interval_ms) / 1000;
    if (given_.target.json) {
      print_json({{"file", given_.file},
                  {"seconds", seconds},
                  {"interval_ms", given_.interval_ms},
                  {"intervals", recorder_.intervals()},
                  {"unread", recorder_.unread()},
                  {"lanes", recorder_.lanes()},
                  {"tasks", recorder_.tasks()}});
      return;
    }
    std::printf("recorded %s: %s tasks (lanes: %u) are in %s\n", human_duration(seconds).c_str(),
                human_count(recorder_.tasks()).c_str(), recorder_.lanes(), printable(given_.file).c_str());
    if (recorder_.unread() == 0) return;
    std::printf("%s intervals of %s went by between two answers: what came then is spread evenly over them\n",
                human_count(recorder_.unread()).c_str(), human_count(recorder_.intervals()).c_str());
  }

 private:
  Recording(const Client& client, const RecordArguments& given, PartialFile file, const admin::LanesReply& first)
      : client_(client),
        given_(given),
        file_(std::move(file)),
        recorder_(first, given.interval_ms, given.intervals(), text_) {}

  Status write() { return file_.write(std::exchange(text_, {})); }

  const Client& client_;
  const RecordArguments& given_;
  PartialFile file_;
  std::string text_;  // not yet in the file
  LoadRecorder recorder_;
  Status cut_;
};

int record(const RecordArguments& given) {
  block_end_signals();
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  auto recording = Recording::begin(*client, given);
  if (!recording.ok()) return report(*client, recording.error());
  Wish end;
  const auto watch = SignalWatch::start([&end](int) { end.make(); });
  if (!watch.ok()) return report(watch.error());
  std::fprintf(stderr, "recording daemon '%s' for %s; Ctrl-C ends it, and keeps what is there\n",
               printable(given.target.name).c_str(), human_duration(static_cast<double>(given.seconds)).c_str());
  if (Status written = recording->run(end); !written) return report(written.error());
  if (Status finished = recording->finish(); !finished) return report(finished.error());
  recording->print();
  if (recording->cut().ok()) return kDone;
  std::fputs("the file ends before its time:\n", stderr);
  return report(*client, recording->cut().error());
}

int run_record(const RecordArguments& given) {
  if (given.interval_ms > given.seconds * 1000) {
    return report_usage({Code::invalid_argument, "--interval is longer than --seconds", {}});
  }
  if (sim::parse_load_kind(given.file).ok()) {
    return report_usage(
        {Code::invalid_argument,
         fmt::format("`worch simulate` has a load of its own that is called '{}'; name the file otherwise", given.file),
         {}});
  }
  return record(given);
}

constexpr const char* kRecordFooter =
    R"(A task is in the interval in which it ends, with the time that its lane's handlers ran since the one before; of
what takes less than a few microseconds that is an estimate from a sample. Lanes of administration and of policies are
left out; comments in the file say which lane is whose. Ctrl-C or SIGTERM ends it early, with all that is there (exit
code 0). So does the daemon's end (exit code 3), and what a file of a load cannot hold (exit code 1; see
docs/work-orchestration.md).)";

}  // namespace

void add_worch_record(CLI::App& group, Action& run) {
  CLI::App* command = group.add_subcommand("record", "Record a daemon's load in a file, to try policies under it");
  auto given = std::make_shared<RecordArguments>();
  command->add_option("file", given->file, "file to write, or to replace; only you can read it")
      ->required()
      ->type_name("FILE");
  add_target(*command, given->target);
  command->add_option("--seconds", given->seconds, "how long")->capture_default_str()->check(CLI::Range(1, 3600));
  command->add_option("--interval", given->interval_ms, "milliseconds that a line of the file is of")
      ->type_name("MS")
      ->capture_default_str()
      ->check(CLI::Range(10, 10'000));
  command->footer(kRecordFooter);
  command->callback([&run, given] { run = [given] { return run_record(*given); }; });
}

}  // namespace chi::cli

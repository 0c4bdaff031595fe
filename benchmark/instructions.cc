// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `instructions`: of a null call's round trip, at the client and at the daemon, counted by callgrind.
//
// Each side runs under callgrind once with few calls and once with many, while the other runs as it is, so fast beside
// it that nobody ever waits for an answer. The difference, by call, is what a call costs: start, end and first calls
// are in both runs.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <fstream>

#include "base/file.h"
#include "benchmark/child.h"
#include "benchmark/private_daemon.h"
#include "benchmark/statistics.h"

namespace chi::bench {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kFew = 2'000;
constexpr std::uint64_t kMany = 202'000;

constexpr const char* kHowToGetValgrind =
    "valgrind is not here, so no instructions are counted; `make bench` installs it (apt-get install valgrind)";

constexpr const char* kHandling = "chi::runtime::ClientChannel::poll(unsigned int)";

// Measures one task in many (runtime/sampler.h): what is not worth its while to measure. Under callgrind a null call
// takes long enough to be measured each time.
constexpr std::array kMeasuring = {
    "chi::runtime::LaneMeter::choose(chi::runtime::Task&)",
    "chi::runtime::LaneMeter::sample_begins(chi::runtime::Task&)",
    "chi::runtime::LaneMeter::step_over(chi::runtime::StepTimer&, chi::runtime::Container*)",
    "chi::runtime::LaneMeter::count(chi::runtime::Task&)"};

std::vector<std::string> under_callgrind(const std::string& result) {
  return {"valgrind", "--quiet", "--fair-sched=yes", "--tool=callgrind", "--callgrind-out-file=" + result};
}

// The line "summary: N" or "totals: N" of callgrind's file.
Result<double> instructions_in(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    for (const std::string_view head : {"totals: ", "summary: "}) {
      if (!line.starts_with(head)) continue;
      std::uint64_t count = 0;
      const auto read = std::from_chars(line.data() + head.size(), line.data() + line.size(), count);
      if (read.ec == std::errc() && count > 0) return static_cast<double>(count);
    }
  }
  return Error{Code::data_loss, "callgrind left no count of instructions", "bench"};
}

Status make_calls(const Options& options, const PrivateDaemon& daemon, std::uint64_t calls,
                  const std::vector<std::string>& under) {
  Launch launch;
  launch.command = under;
  const std::vector<std::string> command = {
      own_program(), "bench", "calls", "--socket", daemon.socket(), "--calls", std::to_string(calls), "--json"};
  launch.command.insert(launch.command.end(), command.begin(), command.end());
  launch.environment = {"XDG_RUNTIME_DIR=" + daemon.folder().path()};
  launch.error_file = daemon.folder().file("client-log");
  launch.cpus = {options.placement.client};
  Result<Child> client = Child::start(launch);
  if (!client.ok()) return std::move(client).error();
  const Result<std::string> output = client->output(Child::in(seconds(120)));
  if (output.ok()) return {};
  const std::string said = read_file(launch.error_file, 1 << 20).value_or("");
  return Error{output.code(), fmt::format("the client of the daemon: {}; it said: {}", output.error().text, said),
               "bench"};
}

Result<double> count_client(const Options& options, std::uint64_t calls) {
  Result<PrivateDaemon> daemon = PrivateDaemon::start(options);
  if (!daemon.ok()) return std::move(daemon).error();
  const std::string result = daemon->folder().file("callgrind-client");
  Status made = make_calls(options, *daemon, calls, under_callgrind(result));
  if (!made.ok()) return std::move(made).error();
  return instructions_in(result);
}

// `toggles`: functions; callgrind counts within the outermost, not within those that it calls, and so on. None: all.
Result<double> count_daemon_within(const Options& options, std::uint64_t calls,
                                   const std::vector<const char*>& toggles) {
  Result<ScratchFolder> folder = ScratchFolder::make();
  if (!folder.ok()) return std::move(folder).error();
  const std::string result = folder->file("callgrind-daemon");
  std::vector<std::string> under = under_callgrind(result);
  for (const char* toggle : toggles) under.push_back(fmt::format("--toggle-collect={}", toggle));
  Result<PrivateDaemon> daemon = PrivateDaemon::start(options, under);
  if (!daemon.ok()) return std::move(daemon).error();
  Status made = make_calls(options, *daemon, calls, {});
  if (made.ok()) made = daemon->stop();
  if (!made.ok()) return std::move(made).error();
  return instructions_in(result);
}

Result<double> count_daemon(const Options& options, std::uint64_t calls) {
  return count_daemon_within(options, calls, {});
}

Result<double> count_handling(const Options& options, std::uint64_t calls) {
  std::vector<const char*> toggles(kMeasuring.begin(), kMeasuring.end());
  toggles.push_back(kHandling);
  return count_daemon_within(options, calls, toggles);
}

Result<double> count_measured_handling(const Options& options, std::uint64_t calls) {
  return count_daemon_within(options, calls, {kHandling});
}

Result<double> per_call(const Options& options, Result<double> (*count)(const Options&, std::uint64_t)) {
  const std::uint64_t shorter = options.quick ? 10 : 1;
  const Result<double> few = count(options, kFew / shorter);
  if (!few.ok()) return few.error();
  Status goes_on = check_interrupt();
  if (!goes_on.ok()) return std::move(goes_on).error();
  const Result<double> many = count(options, kMany / shorter);
  if (!many.ok()) return many.error();
  return (*many - *few) / (static_cast<double>(kMany - kFew) / static_cast<double>(shorter));
}

Result<bool> valgrind_is_here() {
  Launch launch;
  launch.command = {"valgrind", "--version"};
  Result<Child> child = Child::start(launch);
  if (!child.ok()) return std::move(child).error();
  const Result<std::string> output = child->output(Child::in(seconds(10)));
  if (!output.ok() && output.code() != Code::not_found) return output.error();
  return output.ok();
}

}  // namespace

Result<Report> run_instructions(const Options& options) {
  Report report;
  report.single = true;
  const Result<bool> here = valgrind_is_here();
  if (!here.ok()) return here.error();
  if (!*here) {
    report.notes.push_back(kHowToGetValgrind);
    return report;
  }
  const Result<double> client = per_call(options, count_client);
  if (!client.ok()) return client.error();
  const Result<double> daemon = per_call(options, count_daemon);
  if (!daemon.ok()) return daemon.error();
  const Result<double> handling = per_call(options, count_handling);
  if (!handling.ok()) return handling.error();
  const Result<double> measured = per_call(options, count_measured_handling);
  if (!measured.ok()) return measured.error();
  report.rows = {{{"workload", "instructions"},
                  {"client_instructions", rounded(*client)},
                  {"daemon_handling_instructions", rounded(*handling)},
                  {"measured_handling_instructions", rounded(*measured)},
                  {"daemon_instructions", rounded(*daemon)}}};
  report.notes = {"of one null call, one in flight; the daemon's as a whole include looking for the next one",
                  "measured: a call of those, one in many, whose time is measured"};
  return report;
}

}  // namespace chi::bench

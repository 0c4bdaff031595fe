// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera top`: what workers, lanes, methods and pools do, again and again.
#include <chimaera/admin.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/lane_reading.h"
#include "cli/screen.h"
#include "cli/target.h"
#include "cli/top_frame.h"

namespace chi::cli {

namespace {

constexpr std::size_t kRowsOnce = 100;  // where nothing says how many lines there are
constexpr auto kFirst = std::chrono::milliseconds(250);
constexpr std::uint64_t kShortestNs = 50'000'000;

struct TopArguments {
  Target target;
  std::string interval = "1s";
  bool once = false;
};

Result<TopReading> read_counters(const Client& client) {
  auto status = quick_admin(client).call<admin::GetStatus>();
  auto methods = quick_admin(client).call<admin::Methods>();
  auto got_status = status.get();
  if (!got_status.ok()) return got_status.error();
  auto got_methods = methods.get();
  if (!got_methods.ok()) return got_methods.error();
  auto lanes = read_lanes(client);
  if (!lanes.ok()) return lanes.error();
  return TopReading{std::move(*got_status), std::move(*lanes), std::move(*got_methods)};
}

int show_once(const Client& client, pid_t pid, std::chrono::nanoseconds interval, bool json) {
  const auto before = read_counters(client);
  if (!before.ok()) return report(client, before.error());
  std::this_thread::sleep_for(interval);
  const auto after = read_counters(client);
  if (!after.ok()) return report(client, after.error());
  const Json frame = top_frame(*before, *after, pid);
  if (json) return print_json(frame), kDone;
  std::fputs(render_top(frame, kRowsOnce).c_str(), stdout);
  return kDone;
}

// Draws until it is told to end. The screen is left before anything else is printed.
Status show(const Client& client, pid_t pid, std::chrono::nanoseconds interval) {
  auto before = read_counters(client);
  if (!before.ok()) return before.error();
  auto screen = Screen::open();
  if (!screen.ok()) return screen.error();
  Json frame;
  std::chrono::nanoseconds pause = std::min<std::chrono::nanoseconds>(kFirst, interval);
  for (;;) {
    const Screen::Event event = (*screen)->wait(pause);
    if (event == Screen::Event::end) return {};
    if (event == Screen::Event::time) {
      auto after = read_counters(client);
      if (after.code() == Code::deadline_exceeded) continue;  // the picture stays as it is
      if (!after.ok()) return reading_error(after.error());
      frame = top_frame(*before, *after, pid);
      before = std::move(after);
      pause = interval;
    }
    if (!frame.is_null()) (*screen)->draw(render_top(frame, (*screen)->rows()));
  }
}

int run_top(const TopArguments& given) {
  const Result<std::uint64_t> interval = parse_duration(given.interval);
  if (!interval.ok()) return report_usage(interval.error());
  if (*interval < kShortestNs) return report_usage({Code::invalid_argument, "--interval is 50ms or more", {}});
  const bool once = given.once || given.target.json || !Screen::possible();
  if (!once) Screen::block_signals();
  const Result<Reached> reached = reach(given.target);
  if (!reached.ok()) return report_unreachable(reached.error());
  const Result<Client>& client = reached->client;
  if (!client.ok()) return report_unreachable(client.error());
  const std::chrono::nanoseconds pause(*interval);
  if (once) return show_once(*client, reached->pid, pause, given.target.json);
  const Status shown = show(*client, reached->pid, pause);
  return shown ? kDone : report(*client, shown.error());
}

}  // namespace

void add_top(CLI::App& program, Action& run) {
  CLI::App* command = program.add_subcommand("top", "Watch workers, lanes, methods and pools at work");
  auto given = std::make_shared<TopArguments>();
  add_target(*command, given->target);
  command->add_option("--interval", given->interval, "time between two pictures, and that rates are of, 50ms or more")
      ->capture_default_str();
  command->add_flag("--once", given->once, "print one picture, and end; so does --json, and when there is no terminal");
  command->footer(
      "q or Ctrl-C ends it. busy and handler: share of one CPU's time in handlers; wait: from admission to begin, the\n"
      "mean; p50 and p99: from admission to completion. Times of what takes less than a\n"
      "few microseconds are estimates from a sample.");
  command->callback([&run, given] { run = [given] { return run_top(*given); }; });
}

}  // namespace chi::cli

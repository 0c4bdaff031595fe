// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera stop`: asks the daemon to end and waits until its process has; with --force, makes it.
#include <chimaera/admin.h>
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/runtime_dir.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/daemon_lock.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/process.h"
#include "cli/table.h"
#include "cli/target.h"

namespace chi::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTakeDown = std::chrono::seconds(5);  // beyond the grace that running tasks get
constexpr milliseconds kAnswer = std::chrono::seconds(5);

struct StopArguments {
  Target target;
  std::string grace = "5s";
  bool force = false;
};

// How it is called in what is said of it.
struct Found {
  std::string name;
  Process process;
};

std::string shown_name(const StopArguments& given) {
  return given.target.socket.empty() ? fmt::format("daemon '{}'", given.target.name)
                                     : fmt::format("the daemon at '{}'", given.target.socket);
}

// Who it is: who listens at the socket, whether he answers or not; else who holds the lock of the name's pid file, for
// this user's daemons are the ones whose pid files are known.
Result<Found> find(const Result<Reached>& reached, const StopArguments& given) {
  std::string name = shown_name(given);
  if (!reached.ok()) {
    if (!given.target.socket.empty() || !given.target.user.empty()) return reached.error();
    const Result<std::string> file = runtime_file(given.target.name, "pid", false);
    if (!file.ok()) return file.error().code == Code::not_found ? reached.error() : file.error();
    Result<Process> process = find_daemon(*file);
    if (!process.ok()) return std::move(process).error();
    return Found{std::move(name), *std::move(process)};
  }
  Result<Process> process = Process::listening_at(reached->socket.get());
  if (!process.ok()) return std::move(process).error();
  if (reached->client.ok()) {
    const auto status = reached->client->admin().with_deadline(kAnswer).call<admin::GetStatus>().get();
    if (status.ok()) name = fmt::format("daemon '{}'", printable(status->name));
  }
  return Found{std::move(name), *std::move(process)};
}

Status ask_to_end(const Client& client, milliseconds grace) {
  const auto answer = client.admin().call<admin::Stop>(static_cast<std::uint32_t>(grace.count())).get();
  if (answer.ok() || answer.code() == Code::unavailable) return {};  // unavailable: it ended before it could answer
  return answer.error();
}

int force(const Process& process, milliseconds grace) {
  for (int signal : {SIGTERM, SIGKILL}) {
    if (const Status sent = process.send(signal); !sent.ok()) return report(sent.error());
    if (process.ended_within(grace + kTakeDown)) return kDone;
  }
  return report(Error{Code::deadline_exceeded, "it does not end even when killed: it waits for the kernel", {}});
}

int end_process(const Result<Reached>& reached, const Process& process, const StopArguments& given,
                milliseconds grace) {
  if (reached.ok() && !reached->client.ok() && !given.force) return report_unreachable(reached->client.error());
  if (reached.ok() && reached->client.ok()) {
    const Status asked = ask_to_end(*reached->client, grace);
    if (!asked.ok() && !given.force) return report(*reached->client, asked.error());
    if (asked.ok() && process.ended_within(grace + kTakeDown)) return kDone;
  }
  if (given.force) return force(process, grace);
  return report(Error{Code::deadline_exceeded, "it has not ended in time; `chimaera stop --force` makes it", {}});
}

int run_stop(const StopArguments& given) {
  const Result<std::uint64_t> grace_ns = parse_duration(given.grace);
  if (!grace_ns.ok()) return report_usage(grace_ns.error());
  const auto grace = std::min(milliseconds(*grace_ns / 1'000'000), milliseconds(std::chrono::hours(1)));
  const Result<Reached> reached = reach(given.target);
  if (!reached.ok() && !given.force) return report_unreachable(reached.error());
  const Result<Found> found = find(reached, given);
  if (!found.ok()) return report_unreachable(found.error());
  const int code = end_process(reached, found->process, given, grace);
  if (code != kDone) return code;
  const pid_t pid = found->process.pid();
  if (given.target.json) {
    Json out;
    out["pid"] = pid == 0 ? Json() : Json(pid);
    print_json(out);
  } else {
    std::printf("%s, %s, has ended\n", found->name.c_str(), pid_text(pid).c_str());
  }
  return kDone;
}

}  // namespace

void add_stop(CLI::App& program, Action& run) {
  CLI::App* command = program.add_subcommand("stop", "End a daemon");
  auto given = std::make_shared<StopArguments>();
  add_target(*command, given->target);
  command->add_option("--grace", given->grace, "how long running tasks may go on")->capture_default_str();
  command->add_flag("--force", given->force, "kill it when it does not end, or does not answer");
  command->callback([&run, given] { run = [given] { return run_stop(*given); }; });
}

}  // namespace chi::cli

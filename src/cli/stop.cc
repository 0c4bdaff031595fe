// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera stop`: asks the daemon to end and waits until its process has; with --force, makes it.
#include <chimaera/admin.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/file.h"
#include "base/runtime_dir.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/daemon_lock.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/target.h"

namespace chi::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTakeDown = std::chrono::seconds(5);  // beyond the grace that running tasks get

struct StopArguments {
  Target target;
  std::string grace = "5s";
  bool force = false;
};

// A process, held so that its id cannot come to mean another one.
Result<UniqueFd> open_process(pid_t pid) {
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return Error{errno_code(errno), fmt::format("cannot watch pid {}: {}", pid, errno_text(errno)), {}};
  return process;
}

bool ended_within(const UniqueFd& process, milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    pollfd wait{process.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now()).count();
    const int events = ::poll(&wait, 1, static_cast<int>(std::max<long long>(left, 0)));
    if (events >= 0 || errno != EINTR) return events > 0;
  }
}

// Who it is, from the daemon itself where it answers, else from its pid file.
Result<pid_t> find_process(const Result<Client>& client, const StopArguments& given) {
  if (client.ok()) {
    const auto status = client->admin().call<admin::GetStatus>().get();
    if (status.ok()) return static_cast<pid_t>(status->pid);
    if (!given.force) return status.error();
  }
  const Result<std::string> path = runtime_file(given.target.name, "pid", false);
  if (!path.ok()) return path.error();
  return daemon_pid(*path);
}

Status ask_to_end(const Client& client, milliseconds grace) {
  const auto answer = client.admin().call<admin::Stop>(static_cast<std::uint32_t>(grace.count())).get();
  if (answer.ok() || answer.code() == Code::unavailable) return {};  // unavailable: it ended before it could answer
  return answer.error();
}

int force(const UniqueFd& process, milliseconds grace) {
  for (int signal : {SIGTERM, SIGKILL}) {
    if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) != 0 && errno != ESRCH) {
      return report(Error{errno_code(errno), "cannot send it a signal: " + errno_text(errno), {}});
    }
    if (ended_within(process, grace + kTakeDown)) return kDone;
  }
  return report(Error{Code::deadline_exceeded, "it does not end even when killed: it waits for the kernel", {}});
}

int end_process(const Result<Client>& client, const UniqueFd& process, const StopArguments& given, milliseconds grace) {
  if (client.ok()) {
    const Status asked = ask_to_end(*client, grace);
    if (!asked.ok() && !given.force) return report(asked.error());
    if (asked.ok() && ended_within(process, grace + kTakeDown)) return kDone;
  }
  if (given.force) return force(process, grace);
  return report(Error{Code::deadline_exceeded, "it has not ended in time; `chimaera stop --force` makes it", {}});
}

int run_stop(const StopArguments& given) {
  const Result<std::uint64_t> grace_ns = parse_duration(given.grace);
  if (!grace_ns.ok()) return report_usage(grace_ns.error());
  const auto grace = std::min(milliseconds(*grace_ns / 1'000'000), milliseconds(std::chrono::hours(1)));
  const Result<Client> client = connect(given.target);
  if (!client.ok() && !given.force) return report_unreachable(client.error());
  const Result<pid_t> pid = find_process(client, given);
  if (!pid.ok()) return report_unreachable(pid.error());
  const Result<UniqueFd> process = open_process(*pid);
  if (!process.ok()) return report(process.error());
  const int code = end_process(client, *process, given, grace);
  if (code != kDone) return code;
  if (given.target.json) {
    Json out;
    out["pid"] = *pid;
    print_json(out);
  } else {
    std::printf("daemon '%s', pid %d, has ended\n", given.target.name.c_str(), *pid);
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

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera status`: what the daemon is doing.
#include <chimaera/admin.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <thread>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/methods.h"
#include "cli/operations.h"
#include "cli/pool_stat.h"
#include "cli/table.h"
#include "cli/target.h"

namespace chi::cli {

namespace {

constexpr auto kStatDeadline = std::chrono::seconds(1);
constexpr std::size_t kMostContainers = 16;  // of a pool: those with more are shown as a whole

using Told = std::map<std::string, PoolStat>;  // by pool

struct StatusArguments {
  Target target;
  std::string interval;
  bool methods = false;
};

std::string section(const char* title, const Table& table) {
  return table.empty() ? fmt::format("\n{}: none\n", title) : fmt::format("\n{}:\n{}", title, table.text(2));
}

std::string render_workers(const admin::StatusReply& status) {
  Table table({"worker", "containers", "tasks", "queued", "sleeps", "replaced"});
  for (const auto& worker : status.workers) {
    table.add({std::to_string(worker.index), human_count(worker.containers), human_count(worker.tasks),
               human_count(worker.queued), human_count(worker.sleeps), human_count(worker.replaced)});
  }
  return section("workers", table);
}

std::string render_sessions(const admin::StatusReply& status, bool here) {
  Table table({"session", "pid", "uid", "threads", "memory"});
  for (const auto& session : status.sessions) {
    table.add({std::to_string(session.id), session.pid == 0 ? "-" : std::to_string(session.pid),
               std::to_string(session.uid), std::to_string(session.streams),
               human_size(static_cast<double>(session.memory))});
  }
  return section(here ? "sessions" : "sessions (pids are those of the daemon's pid namespace)", table);
}

std::string render_pools(const admin::StatusReply& status) {
  Table table({"pool", "module", "version", "build", "containers"});
  for (const auto& pool : status.pools) {
    table.add({pool.name, pool.module, pool.module_version, pool.module_build, human_count(pool.containers)});
  }
  return section("pools", table);
}

std::string render_stuck(const admin::StatusReply& status) {
  if (status.stuck.empty()) return {};
  Table table({"container", "method", "runs for"});
  for (const auto& task : status.stuck) {
    table.add({task.container, task.method, human_duration(static_cast<double>(task.running_ms) / 1000)});
  }
  return section("handlers that do not end", table);
}

// What pools tell in single values, those that are no list.
std::string render_told(const Told& told) {
  Table table({"pool", "tells"});
  for (const auto& [pool, stat] : told) {
    if (!stat.told.contains("reply")) continue;
    std::string text;
    for (const auto& field : stat.told["reply"].items()) {
      if (field.value().is_structured()) continue;
      const std::string value = field.value().is_string() ? field.value().get<std::string>() : field.value().dump();
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", field.key(), value);
    }
    if (!text.empty()) table.add({pool, text});
  }
  return table.empty() ? std::string() : section("told by pools", table);
}

std::string render_operations(const Told& told, const std::string& period) {
  std::vector<Operations> all;
  for (const auto& [pool, stat] : told) {
    const std::vector<Operations> rows = sum_large_pools(stat.operations, kMostContainers);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  if (all.empty()) return {};
  const std::string table = render_operations(all, 2);
  return fmt::format("\noperations {}:{}{}", period, table.empty() ? " none\n" : "\n", table);
}

std::string render_silent(const Told& told) {
  std::string out;
  for (const auto& [pool, stat] : told) {
    for (const std::string& problem : stat.problems) out += "  " + printable(problem) + "\n";
  }
  return out.empty() ? out : "\npools that do not tell:\n" + out;
}

std::string render_status(const admin::StatusReply& status, pid_t pid) {
  std::string out = fmt::format("daemon '{}', {}, version {}, up {}, {} resident\n", printable(status.name),
                                pid_text(pid), printable(status.version), human_duration(status.uptime_s),
                                human_size(static_cast<double>(status.resident_bytes)));
  if (status.failed_forgotten > 0) {
    out += fmt::format("{} fire-and-forget or periodic tasks failed; the log says which\n",
                       human_count(status.failed_forgotten));
  }
  return out + render_workers(status) + render_sessions(status, pid == static_cast<pid_t>(status.pid)) +
         render_pools(status) + render_stuck(status);
}

// The status, with what each pool tells put beside it. `pid` is the one that holds here; the daemon's own, and those of
// sessions, are of its pid namespace.
Result<Json> status_json(const admin::StatusReply& status, pid_t pid, const Told& told) {
  Result<Json> out = to_json(status);
  if (!out.ok()) return out;
  (*out)["pid"] = pid == 0 ? Json() : Json(pid);
  (*out)["own_pid"] = status.pid;
  for (Json& pool : (*out)["pools"]) {
    const auto found = told.find(pool["name"].get<std::string>());
    if (found == told.end()) continue;
    pool["stat"] = found->second.told;
    pool["operations"] = Json::array();
    for (const Operations& each : found->second.operations) pool["operations"].push_back(operations_json(each));
  }
  return out;
}

int show_methods(const StatusArguments& given) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  const auto reply = client->admin().call<admin::Methods>().get();
  if (!reply.ok()) return report(*client, reply.error());
  if (given.target.json) return print_result(to_json(*reply));
  std::fputs(render_methods(*reply).c_str(), stdout);
  return kDone;
}

int run_status(const StatusArguments& given) {
  Result<std::uint64_t> interval = std::uint64_t{0};
  if (!given.interval.empty()) {
    interval = parse_duration(given.interval);
    if (!interval.ok()) return report_usage(interval.error());
    if (*interval == 0) return report_usage({Code::invalid_argument, "--interval is more than 0, as in 1s", {}});
  }
  const Result<Reached> reached = reach(given.target);
  if (!reached.ok()) return report_unreachable(reached.error());
  const Result<Client>& client = reached->client;
  if (!client.ok()) return report_unreachable(client.error());
  Told before;
  if (*interval != 0) {
    const auto first = client->admin().call<admin::GetStatus>().get();
    if (!first.ok()) return report(*client, first.error());
    before = ask_pools(*client, first->pools, kStatDeadline);
    std::this_thread::sleep_for(std::chrono::nanoseconds(*interval));
  }
  const auto status = client->admin().call<admin::GetStatus>().get();
  if (!status.ok()) return report(*client, status.error());
  Told told = ask_pools(*client, status->pools, kStatDeadline);
  for (auto& [pool, stat] : told) stat.operations = since(before[pool].operations, std::move(stat.operations));
  if (given.target.json) return print_result(status_json(*status, reached->pid, told));
  const std::string period = *interval == 0 ? "since each container was made" : fmt::format("in {}", given.interval);
  std::fputs(
      (render_status(*status, reached->pid) + render_told(told) + render_operations(told, period) + render_silent(told))
          .c_str(),
      stdout);
  return kDone;
}

}  // namespace

void add_status(CLI::App& program, Action& run) {
  CLI::App* command = program.add_subcommand("status", "Show what a daemon is doing, and what its pools tell");
  auto given = std::make_shared<StatusArguments>();
  add_target(*command, given->target);
  command->add_option("--interval", given->interval,
                      "ask twice, so long apart (as in 1s), and show the operations in between");
  command
      ->add_flag("--methods", given->methods,
                 "show instead what each method costs: time, latency, and the load model's predictions")
      ->excludes("--interval");
  command->footer(
      "Operations, rates and latencies are those of pools whose module has the method `stat`; without --interval\n"
      "since each container was made. A pool that does not answer within a second is shown as such.");
  command->callback(
      [&run, given] { run = [given] { return given->methods ? show_methods(*given) : run_status(*given); }; });
}

}  // namespace chi::cli

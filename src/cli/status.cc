// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera status`: what the daemon is doing.
#include <chimaera/admin.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/target.h"

namespace chi::cli {

namespace {

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

std::string render_sessions(const admin::StatusReply& status) {
  Table table({"session", "pid", "uid", "threads", "memory"});
  for (const auto& session : status.sessions) {
    table.add({std::to_string(session.id), std::to_string(session.pid), std::to_string(session.uid),
               std::to_string(session.streams), human_size(static_cast<double>(session.memory))});
  }
  return section("sessions", table);
}

std::string render_pools(const admin::StatusReply& status) {
  Table table({"pool", "module", "version", "containers"});
  for (const auto& pool : status.pools) {
    table.add({pool.name, pool.module, pool.module_version, human_count(pool.containers)});
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

std::string render_status(const admin::StatusReply& status) {
  std::string out = fmt::format("daemon '{}', pid {}, version {}, up {}, {} resident\n", printable(status.name),
                                status.pid, printable(status.version), human_duration(status.uptime_s),
                                human_size(static_cast<double>(status.resident_bytes)));
  if (status.failed_forgotten > 0) {
    out += fmt::format("{} fire-and-forget or periodic tasks failed; the log says which\n",
                       human_count(status.failed_forgotten));
  }
  return out + render_workers(status) + render_sessions(status) + render_pools(status) + render_stuck(status);
}

int run_status(const Target& target) {
  const Result<Client> client = connect(target);
  if (!client.ok()) return report_unreachable(client.error());
  const auto status = client->admin().call<admin::GetStatus>().get();
  if (!status.ok()) return report(status.error());
  if (target.json) return print_result(to_json(*status));
  std::fputs(render_status(*status).c_str(), stdout);
  return kDone;
}

}  // namespace

void add_status(CLI::App& program, Action& run) {
  CLI::App* command = program.add_subcommand("status", "Show what a daemon is doing");
  auto target = std::make_shared<Target>();
  add_target(*command, *target);
  command->callback([&run, target] { run = [target] { return run_status(*target); }; });
}

}  // namespace chi::cli

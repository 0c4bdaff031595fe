// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera workers`: how many threads share a daemon's work, and where they run.
#include <chimaera/admin.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/target.h"

namespace chi::cli {

namespace {

struct WorkersArguments {
  Target target;
  std::uint32_t count = 0;
  bool dedicated = false;
};

std::string workers_table(const admin::StatusReply& status) {
  Table table({"worker", "active", "dedicated", "cpus", "containers", "tasks", "queued", "sleeps"});
  for (const auto& worker : status.workers) {
    table.add({std::to_string(worker.index), worker.active ? "yes" : "no", worker.dedicated ? "yes" : "no",
               format_ranges(worker.cpus), human_count(worker.containers), human_count(worker.tasks),
               human_count(worker.queued), human_count(worker.sleeps)});
  }
  return table.text();
}

std::size_t count_active(const admin::StatusReply& status) {
  return static_cast<std::size_t>(
      std::count_if(status.workers.begin(), status.workers.end(), [](auto& worker) { return worker.active; }));
}

int list_workers(const WorkersArguments& given) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  const auto status = client->admin().call<admin::GetStatus>().get();
  if (!status.ok()) return report(status.error());
  const std::size_t active = count_active(*status);
  if (given.target.json) {
    Result<Json> all = to_json(*status);
    if (!all.ok()) return print_result(all);
    print_json({{"active", active}, {"limit", status->worker_limit}, {"workers", (*all)["workers"]}});
    return kDone;
  }
  std::fputs(workers_table(*status).c_str(), stdout);
  std::printf("%zu active of at most %u\n", active, status->worker_limit);
  return kDone;
}

int set_workers(const WorkersArguments& given) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  const auto reply = client->admin().call<admin::WorkersSet>(given.count, given.dedicated).get();
  if (!reply.ok()) return report(*client, reply.error());
  if (given.target.json) return print_result(to_json(*reply));
  std::printf("%u workers of at most %u, %s\n", reply->active, reply->limit,
              reply->dedicated ? "dedicated: they never sleep" : "which sleep when there is nothing to do");
  return kDone;
}

}  // namespace

void add_workers(CLI::App& program, Action& run) {
  CLI::App* group =
      program.add_subcommand("workers", "Show the threads that share a daemon's work, and change their number");
  group->require_subcommand(1);
  auto given = std::make_shared<WorkersArguments>();
  CLI::App* list = group->add_subcommand("list", "List the workers, and the CPUs that each may run on");
  add_target(*list, given->target);
  list->callback([&run, given] { run = [given] { return list_workers(*given); }; });
  given = std::make_shared<WorkersArguments>();
  CLI::App* set = group->add_subcommand("set", "Have so many workers from now on, while the daemon serves");
  add_target(*set, given->target);
  set->add_option("N", given->count, "1 to the daemon's limit (runtime.max_workers)")->required();
  set->add_flag("--dedicated", given->dedicated,
                "they look for work without ever sleeping, a CPU each; else they sleep");
  set->footer("A worker that is not active any more has no containers and sleeps; `workers list` still shows it.");
  set->callback([&run, given] { run = [given] { return set_workers(*given); }; });
}

}  // namespace chi::cli

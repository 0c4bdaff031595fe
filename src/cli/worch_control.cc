// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera worch show|set|run`: the policies of a daemon.
#include <chimaera/admin.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
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

struct WorchArguments {
  Target target;
  std::string kind;
  std::string name;
};

std::string microseconds(std::uint64_t ns) { return fmt::format("{:.1f} us", static_cast<double>(ns) / 1000); }

std::string policies_text(const admin::WorchReply& reply) {
  Table table({"policy", "module", "version", "answers", "refused", "took", "asked because", "says"});
  for (const auto& policy : reply.policies) {
    const bool none = policy.module.empty();
    table.add({policy.kind, none ? "none" : policy.module, policy.version, human_count(policy.rounds),
               human_count(policy.refused), none ? "" : microseconds(policy.took_ns), policy.reason, policy.why});
  }
  std::string text = table.text();
  for (const auto& policy : reply.policies) {
    if (policy.error.empty()) continue;
    text += fmt::format("{} was last refused: {}\n", printable(policy.module), printable(policy.error));
  }
  return text;
}

std::string duties_text(const admin::WorchReply& reply) {
  Table workers({"worker", "cpus", "why"});
  for (const auto& worker : reply.workers) {
    workers.add({std::to_string(worker.worker), format_ranges(worker.cpus), worker.why});
  }
  Table lanes({"lane", "worker", "why"});
  for (const auto& lane : reply.lanes) lanes.add({lane.name, std::to_string(lane.worker), lane.why});
  return workers.text() + lanes.text();
}

std::string moves_text(const admin::WorchReply& reply) {
  return fmt::format("lanes moved: {}, put off: {}; stood still p50 {}, p99 {}, longest {}\n", reply.moves,
                     reply.moves_refused, microseconds(reply.pause_p50_ns), microseconds(reply.pause_p99_ns),
                     microseconds(reply.pause_longest_ns));
}

int print(const Client& client, const WorchArguments& given, const Result<admin::WorchReply>& reply, bool duties) {
  if (!reply.ok()) return report(client, reply.error());
  if (given.target.json) return print_result(to_json(*reply));
  std::fputs(policies_text(*reply).c_str(), stdout);
  if (duties) std::fputs(duties_text(*reply).c_str(), stdout);
  std::fputs(moves_text(*reply).c_str(), stdout);
  return kDone;
}

template <class Req, class... Fields>
int ask(const WorchArguments& given, bool duties, const Fields&... fields) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  return print(*client, given, client->admin().call<Req>(fields...).get(), duties);
}

}  // namespace

void add_worch_control(CLI::App& group, Action& run) {
  auto given = std::make_shared<WorchArguments>();

  CLI::App* show = group.add_subcommand("show", "Who runs what and why: policies, workers, lanes, and how lanes moved");
  add_target(*show, given->target);
  show->callback([given, &run] { run = [given] { return ask<admin::WorchShow>(*given, true); }; });

  CLI::App* set = group.add_subcommand(
      "set", "Put another policy in charge while the daemon works; it is asked first, and refused if its answer is");
  set->add_option("kind", given->kind, "queue (lanes to workers) or proc (workers to CPUs)")
      ->required()
      ->check(CLI::IsMember({"queue", "proc"}));
  set->add_option("name", given->name,
                  "module of the policy, such as worch_queue_least_loaded or just least_loaded; none: lanes stay where "
                  "they are, workers may run on all CPUs")
      ->required();
  add_target(*set, given->target);
  set->callback([given, &run] {
    run = [given] {
      return ask<admin::WorchSet>(*given, false, given->kind, given->name == "none" ? std::string() : given->name);
    };
  });

  CLI::App* now = group.add_subcommand("run", "Ask the policies now, and carry out what they say");
  now->add_option("kind", given->kind, "only this one: queue or proc")->check(CLI::IsMember({"queue", "proc"}));
  add_target(*now, given->target);
  now->callback([given, &run] { run = [given] { return ask<admin::WorchRun>(*given, false, given->kind); }; });
}

}  // namespace chi::cli

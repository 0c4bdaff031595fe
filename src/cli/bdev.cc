// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera bdev check`: whether volumes are consistent, of a running pool or in a file that nobody has open.
#include <bdev/stat.h>
#include <bdev_format/check.h>
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

struct CheckArguments {
  Target target;
  std::string what;
};

std::string render_report(const bdev::CheckReport& report) {
  std::string out = fmt::format("{}: {}\n", printable(report.name), report.problems.empty() ? "good" : "DAMAGED");
  if (!report.uuid.empty()) {
    out += fmt::format("  volume {}, {}, {} allocated in {} extents, map generation {}\n", report.uuid,
                       human_size(static_cast<double>(report.size)), human_size(static_cast<double>(report.allocated)),
                       human_count(report.extents), report.generation);
  }
  for (const std::string& problem : report.problems) out += fmt::format("  problem: {}\n", printable(problem));
  for (const std::string& note : report.notes) out += fmt::format("  note: {}\n", printable(note));
  return out;
}

int show(const bdev::CheckReply& reply, bool json) {
  bool good = true;
  for (const bdev::CheckReport& report : reply.reports) good = good && report.problems.empty();
  if (json) {
    const int printed = print_result(to_json(reply));
    return printed != kDone || good ? printed : kFailed;
  }
  for (const bdev::CheckReport& report : reply.reports) std::fputs(render_report(report).c_str(), stdout);
  return good ? kDone : kFailed;
}

int check_path(const CheckArguments& given) {
  Result<bdev::CheckReport> report = bdev::check_file(given.what);
  if (!report.ok()) return cli::report(report.error());
  bdev::CheckReply reply;
  reply.reports.push_back(*std::move(report));
  return show(reply, given.target.json);
}

int run_check(const CheckArguments& given) {
  if (given.what.find('/') != std::string::npos) return check_path(given);
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  const auto reply = client->pool(given.what).call<bdev::Check>().get();
  if (!reply.ok()) return report(*client, reply.error());
  return show(*reply, given.target.json);
}

}  // namespace

void add_bdev(CLI::App& program, Action& run) {
  CLI::App* group = program.add_subcommand("bdev", "Block devices");
  group->require_subcommand(1);
  CLI::App* check = group->add_subcommand("check", "Tell whether a volume is consistent; changes nothing");
  auto given = std::make_shared<CheckArguments>();
  add_target(*check, given->target);
  check->add_option("what", given->what, "A pool's name, or the path (with a '/') of a file that no daemon has open")
      ->required();
  check->footer("Exit code 1 when a volume is damaged.");
  check->callback([&run, given] { run = [given] { return run_check(*given); }; });
  add_bdev_export(*group, run);
}

}  // namespace chi::cli

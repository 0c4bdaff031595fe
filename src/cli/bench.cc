// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera bench`: which workload, and what it found, as a table or as JSON.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "benchmark/workload.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/examples.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/target.h"
#include "cli/usage.h"

namespace chi::cli {

namespace {

struct BenchArguments {
  std::string workload;
  bench::Options options;
  bool json = false;
  std::string svg;
};

std::string list_of_workloads() {
  std::string out = "Workloads:\n";
  for (const auto& workload : bench::workloads()) out += fmt::format("  {:14}{}\n", workload.name, workload.help);
  return out + "  all           all of these but `calls`";
}

std::vector<std::string> names() {
  std::vector<std::string> out = {"all"};
  for (const auto& workload : bench::workloads()) out.emplace_back(workload.name);
  return out;
}

void add_options(CLI::App& command, BenchArguments& given) {
  bench::Options& options = given.options;
  command.add_option("workload", given.workload, "what to measure; see below")
      ->required()
      ->type_name("WORKLOAD")
      ->check(CLI::IsMember(names()));
  command.add_flag("--json", given.json, "print JSON");
  command.add_option("--repeats", options.repeats, "each figure is the median of so many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command.add_option("--svg", given.svg, "draw what `mixed` finds into this file")->type_name("FILE");
  command.add_flag("--quick", options.quick, "much shorter, to see that it works");
  command.add_option("--name,-n", options.daemon, "measure this daemon; without it, one of the benchmark's own")
      ->type_name("NAME");
  command.add_option("--workers", options.workers, "of the benchmark's own daemon")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command.add_option("--max-threads", options.max_threads, "most client threads of `throughput`; 0: as many as CPUs")
      ->capture_default_str()
      ->check(CLI::Range(0, 64));
  command.add_option("--calls", options.calls, "how many, of `calls`")->capture_default_str();
  command.add_option("--socket", options.socket, "the daemon's socket, of `calls`")->type_name("PATH");
  command
      .add_option("--dir", options.dir, "where `bdev` puts its file; else $TMPDIR or, where that is not set, /var/tmp")
      ->type_name("FOLDER");
  command.add_option("--fio-option", options.fio_options, "one more for fio, such as fixedbufs; several times")
      ->type_name("NAME[=VALUE]")
      ->expected(1)
      ->take_all();
  command
      .add_option("--only", options.only, "of `bdev`: the cases that have this in their names, as \"4KiB randread\"")
      ->type_name("TEXT");
  command.add_option("--module-path", options.module_paths, "a folder of modules; may be given several times")
      ->type_name("FOLDER")
      ->expected(1)
      ->take_all();
  command.footer(list_of_workloads());
}

std::string render_targets(const std::vector<bench::Target>& targets) {
  Table table({"target", "measured", "wanted", "met"});
  for (const auto& target : targets) {
    table.add({target.what, fmt::format("{:.4g}", target.measured),
               fmt::format("{} {:.4g}", target.at_most ? "<=" : ">=", target.limit), target.met() ? "yes" : "NO"});
  }
  return table.empty() ? "" : "\n" + table.text(2);
}

std::string render_rows(const std::vector<bench::Row>& rows) {
  const std::vector<std::string> header = bench::columns(rows);
  Table table(header);
  for (const bench::Row& row : rows) {
    std::vector<std::string> cells;
    cells.reserve(header.size());
    for (const std::string& column : header) cells.push_back(bench::cell(row, column));
    table.add(std::move(cells));
  }
  return table.empty() ? "" : table.text(2);
}

std::string render_report(const bench::Report& report) {
  std::string out = fmt::format("{}: median of {}\n", report.workload, report.repeats) + render_rows(report.rows);
  for (const auto& [name, row] : report.beside) out += fmt::format("\n{}:\n", name) + render_rows({row});
  out += render_targets(report.targets);
  for (const std::string& note : report.notes) out += fmt::format("  {}\n", note);
  const bench::Machine& machine = report.machine;
  out += fmt::format("  machine: {} CPUs, load {:.2f}, {:.1f} % stolen, reading the clock {:.0f} ns\n", machine.cpus,
                     machine.load, machine.stolen_percent, machine.clock_ns);
  if (const std::string warning = machine.warning(); !warning.empty()) out += fmt::format("  WARNING: {}\n", warning);
  return out;
}

Target target_of(const bench::Options& options) {
  Target out;
  if (!options.daemon.empty()) out.name = options.daemon;
  out.socket = options.socket;
  return out;
}

int print_failure(const bench::Workload& workload, const bench::Options& options, const Error& error) {
  const int code = report(Error{error.code, fmt::format("bench {}: {}", workload.name, error.text), error.where});
  const bool may_be_gone = error.code == Code::unavailable && !(options.daemon.empty() && options.socket.empty());
  return may_be_gone && !connect(target_of(options)).ok() ? kNoDaemon : code;
}

Status draw(const bench::Report& report, const std::string& file) {
  if (file.empty() || report.picture.empty()) return {};
  return replace_file(file, report.picture, 0644);
}

// One report as an object, several as a list. A workload that fails does not keep the others from being run.
int run_and_print(const BenchArguments& given) {
  if (!given.svg.empty() && given.workload != "mixed" && given.workload != "all") {
    return report_usage({Code::invalid_argument, "--svg draws what `mixed` finds, and nothing else", {}});
  }
  int code = kDone;
  Json reports = Json::array();
  for (const bench::Workload& workload : bench::workloads()) {
    const bool wanted = given.workload == workload.name || (given.workload == "all" && workload.in_all);
    if (!wanted) continue;
    const Result<bench::Report> found = bench::run_workload(workload, given.options);
    if (!found.ok()) {
      code = print_failure(workload, given.options, found.error());
      if (found.code() == Code::cancelled) break;
      continue;
    }
    if (Status drawn = draw(*found, given.svg); !drawn) code = print_failure(workload, given.options, drawn.error());
    if (given.json) {
      reports.push_back(bench::to_json(*found));
    } else {
      std::printf("%s\n", render_report(*found).c_str());
      std::fflush(stdout);
    }
  }
  if (given.json && !reports.empty()) print_json(given.workload == "all" ? reports : reports.front());
  return code;
}

}  // namespace

int run_bench(const std::vector<std::string>& arguments) {
  CLI::App command("Measures this machine: figures, beside what is possible at all on it.", "chimaera bench");
  BenchArguments given;
  add_options(command, given);
  add_examples(command, "bench");
  try {
    command.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& e) {
    return end_of_parse(command, e, arguments);
  }
  return run_and_print(given);
}

}  // namespace chi::cli

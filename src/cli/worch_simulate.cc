// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera worch simulate`: policies under a load, in virtual time. It needs no daemon.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "base/file.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/target.h"
#include "cli/worch_report.h"
#include "sim/generated_load.h"
#include "sim/recorded_load.h"
#include "sim/simulation.h"

namespace chi::cli {

namespace {

constexpr std::uint64_t kRows = 20;  // of a report, if the period allows it

struct SimulateArguments {
  std::vector<std::string> policies;
  std::string load = "skewed";
  sim::LoadOptions generated;
  sim::SimulationOptions options;
  std::uint64_t period_ms = 100;
  std::uint64_t pause_us = 200;
  std::string svg;
  std::string record;
  bool json = false;
  CLI::App* command = nullptr;  // which options were given

  bool has(const char* option) const { return command->count(option) != 0; }
};

// A load that can be run anew for each policy.
struct Source {
  SimulatedLoad shown;
  sim::LoadOptions generated;
  std::optional<sim::RecordedLoad> recorded;

  std::unique_ptr<sim::Load> make() const {
    return recorded ? sim::play_load(*recorded, generated.seed) : sim::generate_load(generated);
  }
};

Status check_options(const SimulateArguments& given) {
  if (sim::parse_load_kind(given.load).ok()) return {};
  for (const char* option : {"--lanes", "--utilization", "--record"}) {
    if (!given.has(option)) continue;
    return {Code::invalid_argument,
            fmt::format("{} is for loads that are generated; '{}' is taken for a file", option, given.load)};
  }
  return {};
}

Result<Source> source_of(const SimulateArguments& given) {
  Source out;
  out.generated = given.generated;
  out.generated.workers = given.options.workers;
  out.shown = {given.load, given.generated.lanes, given.generated.seed, given.generated.utilization};
  if (const auto kind = sim::parse_load_kind(given.load); kind.ok()) {
    out.generated.kind = *kind;
    return out;
  }
  auto recorded = sim::read_load(given.load);
  if (recorded.code() == Code::not_found) {
    return Error{Code::not_found,
                 recorded.error().text + "; a load is uniform, skewed, shifting, or a file of recorded load",
                 {}};
  }
  if (!recorded.ok()) return std::move(recorded).error();
  out.recorded = *std::move(recorded);
  out.shown.lanes = out.recorded->lanes;
  out.shown.utilization = 0;
  return out;
}

sim::SimulationOptions options_of(const SimulateArguments& given, const Source& source) {
  sim::SimulationOptions out = given.options;
  out.period_ns = given.period_ms * 1'000'000;
  out.pause_ns = given.pause_us * 1000;
  out.end_ns = given.generated.seconds * 1'000'000'000;
  if (source.recorded) {
    const std::uint64_t whole = source.recorded->end_ms * 1'000'000;
    out.end_ns = given.has("--seconds") ? std::min(out.end_ns, whole) : whole;
  }
  out.row_ns = out.end_ns / kRows;
  return out;
}

std::vector<std::string> policies_of(const SimulateArguments& given) {
  std::vector<std::string> out = given.policies;
  if (out.empty()) out = {"round_robin", "least_loaded"};
  for (std::string& name : out) {
    if (!name.starts_with("worch_")) name.insert(0, "worch_queue_");
  }
  return out;
}

Status write_files(const SimulateArguments& given, const Source& source, const sim::SimulationOptions& options,
                   const std::vector<sim::SimulationReport>& reports) {
  constexpr unsigned kMode = 0644;
  if (!given.record.empty()) {
    const auto load = source.make();
    const Result<std::string> text = sim::record_load(*load, given.period_ms);
    if (!text.ok()) return text.error();
    Status written = replace_file(given.record, *text, kMode);
    if (!written.ok()) return written;
  }
  if (given.svg.empty()) return {};
  return replace_file(given.svg, simulation_svg(source.shown, options, reports), kMode);
}

int run_simulate(const SimulateArguments& given) {
  if (Status good = check_options(given); !good) return report_usage(good.error());
  const Result<Source> source = source_of(given);
  if (!source.ok()) return report(source.error());
  const sim::SimulationOptions options = options_of(given, *source);
  std::vector<sim::SimulationReport> reports;
  for (const std::string& policy : policies_of(given)) {
    const auto load = source->make();
    auto found = sim::simulate(policy, *load, options);
    if (!found.ok()) return report(found.error());
    reports.push_back(*std::move(found));
  }
  if (given.json) {
    print_json(simulation_json(source->shown, options, reports));
  } else {
    std::fputs(render_simulation(source->shown, options, reports).c_str(), stdout);
  }
  const Status written = write_files(given, *source, options, reports);
  if (!written.ok()) return report(written.error());
  return kDone;
}

constexpr const char* kFooter = R"(Loads:
  uniform    all lanes the same: tasks of 200 us
  skewed     the i-th busiest lane has 1/i of the busiest one's work; of each 50 lanes one has tasks of 5 ms
  shifting   skewed, and each second a fifth of the lanes exchange how busy they are
  FILE       recorded: lines `time_ms,lane,tasks,handler_us`, with these words as the first line. In the interval that
             begins at time_ms, so many tasks came for the lane, whose handlers ran for handler_us in all. --record
             writes such a file.)";

void add_options(CLI::App& command, SimulateArguments& given) {
  command
      .add_option("--policy", given.policies,
                  "a module worch_queue_*, or its name without that; several times. Else round_robin and least_loaded")
      ->type_name("NAME")
      ->expected(1)
      ->take_all();
  command.add_option("--load", given.load, "see below")->type_name("KIND|FILE")->capture_default_str();
  command.add_option("--workers", given.options.workers, "how many")->capture_default_str()->check(CLI::Range(1, 1024));
  command.add_option("--lanes", given.generated.lanes, "how many")
      ->capture_default_str()
      ->check(CLI::Range(1U, sim::kMostLanes));
  command.add_option("--utilization", given.generated.utilization, "of the workers' time, by all tasks")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 2.0));
  command.add_option("--seconds", given.generated.seconds, "of virtual time; of a file at most what is in it")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  command.add_option("--period", given.period_ms, "milliseconds from view to view")
      ->type_name("MS")
      ->capture_default_str()
      ->check(CLI::Range(1, 60'000));
  command.add_option("--pause", given.pause_us, "microseconds for which a lane that moves is not served")
      ->type_name("US")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  command.add_option("--seed", given.generated.seed, "the same one gives the same again")->capture_default_str();
  command.add_option("--svg", given.svg, "draw all policies into this file")->type_name("FILE");
  command.add_option("--record", given.record, "write the generated load to this file")->type_name("FILE");
  command.add_option("--module-path", given.options.module_paths, "a folder of modules; may be given several times")
      ->type_name("FOLDER")
      ->expected(1)
      ->take_all();
  command.add_flag("--json", given.json, "print JSON");
  command.footer(kFooter);
}

}  // namespace

void add_worch_simulate(CLI::App& group, Action& run) {
  CLI::App* command = group.add_subcommand("simulate", "Try policies under a load, in virtual time; needs no daemon");
  auto given = std::make_shared<SimulateArguments>();
  given->command = command;
  add_options(*command, *given);
  command->callback([&run, given] { run = [given] { return run_simulate(*given); }; });
}

}  // namespace chi::cli

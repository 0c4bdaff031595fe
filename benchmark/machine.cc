// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Reads /proc/stat and /proc/loadavg.
#include "benchmark/machine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "benchmark/statistics.h"
#include "benchmark/timing.h"

namespace chi::bench {
namespace {

constexpr double kHighLoad = 0.7;
constexpr double kHighUse = 20;
constexpr double kHighSteal = 1;

// Files of /proc have no size beforehand. Empty where it cannot be read.
std::string first_lines(const char* path) {
  std::ifstream file(path);
  std::string text(4096, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

CpuTimes cpu_times() { return parse_cpu_times(first_lines("/proc/stat")).value_or({}); }

double percent(std::uint64_t part, std::uint64_t whole) {
  return 100 * ratio(static_cast<double>(part), static_cast<double>(whole));
}

std::uint64_t total(const CpuTimes& times) { return times.busy + times.idle + times.stolen; }

}  // namespace

Result<CpuTimes> parse_cpu_times(std::string_view text) {
  std::istringstream line{std::string(text.substr(0, text.find('\n')))};
  std::string label;
  std::uint64_t user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, soft_irq = 0, stolen = 0;
  line >> label >> user >> nice >> system >> idle >> waiting >> irq >> soft_irq >> stolen;
  if (!line || label != "cpu")
    return Error{Code::data_loss, "/proc/stat has no line of all CPUs as known here", "bench"};
  return CpuTimes{user + nice + system + irq + soft_irq, idle + waiting, stolen};
}

std::string Machine::warning() const {
  std::string out;
  const auto add = [&out](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  if (cpus == 1) add("there is only one CPU: client and worker take turns");
  if (load > kHighLoad) add(fmt::format("the load was {:.2f}", load));
  if (busy_percent > kHighUse) add(fmt::format("others used {:.0f} % of a CPU", busy_percent));
  if (stolen_percent > kHighSteal) add(fmt::format("the hypervisor took {:.1f} % of the CPUs", stolen_percent));
  return out.empty() ? out : "not to be trusted: " + out;
}

MachineWatch::MachineWatch() {
  before_.cpus = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
  before_.load = std::strtod(first_lines("/proc/loadavg").c_str(), nullptr);
  const CpuTimes first = cpu_times();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  begin_ = cpu_times();
  before_.busy_percent = before_.cpus * percent(begin_.busy - first.busy, total(begin_) - total(first));
  before_.clock_ns = clock_cost_ns();
}

Machine MachineWatch::look() const {
  Machine out = before_;
  const CpuTimes now = cpu_times();
  out.stolen_percent = percent(now.stolen - begin_.stolen, total(now) - total(begin_));
  return out;
}

}  // namespace chi::bench

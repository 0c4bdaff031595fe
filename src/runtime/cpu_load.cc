// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The formats are in proc(5): `stat` and `pid/stat`.
#include "runtime/cpu_load.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

namespace chi::runtime {
namespace {

// A line of /proc/stat: user nice system idle iowait irq softirq steal, and then guests, which are in user already.
constexpr std::size_t kIdle = 3;
constexpr std::size_t kIowait = 4;
constexpr std::size_t kCounted = 8;

struct ThreadTime {
  std::uint64_t ticks = 0;
  std::uint32_t cpu = 0;
};

// Fields 14 and 15 are the times, 39 the CPU; the name, field 2, is in parentheses and may hold anything.
bool parse_thread(const std::string& line, ThreadTime& out) {
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  fields >> user >> system;
  for (int field = 16; field < 39; ++field) fields >> skipped;
  if (!(fields >> out.cpu)) return false;
  out.ticks = user + system;
  return true;
}

std::uint64_t since(std::uint64_t before, std::uint64_t now) { return now > before ? now - before : 0; }

}  // namespace

CpuLoad::Cpus CpuLoad::read_cpus() const {
  Cpus out;
  std::ifstream file(proc_ + "/stat");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("cpu") || line.size() < 4 || line[3] < '0' || line[3] > '9') continue;
    std::istringstream fields(line.substr(3));
    std::uint32_t cpu = 0;
    fields >> cpu;
    Ticks ticks;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kCounted && fields >> value; ++i) {
      ticks.all += value;
      if (i != kIdle && i != kIowait) ticks.busy += value;
    }
    out[cpu] = ticks;
  }
  return out;
}

// By CPU. What a new thread has taken so far, it took in this period.
std::map<std::uint32_t, std::uint64_t> CpuLoad::own_since(const std::vector<pid_t>& own) {
  std::map<std::uint32_t, std::uint64_t> out;
  std::map<pid_t, std::uint64_t> now;
  for (pid_t thread : own) {
    std::ifstream file(proc_ + "/self/task/" + std::to_string(thread) + "/stat");
    std::string line;
    ThreadTime time;
    if (!std::getline(file, line) || !parse_thread(line, time)) continue;
    const auto before = own_before_.find(thread);
    out[time.cpu] += since(before == own_before_.end() ? 0 : before->second, time.ticks);
    now[thread] = time.ticks;
  }
  own_before_ = std::move(now);
  return out;
}

void CpuLoad::look(std::vector<worch::CpuView>& cpus, const std::vector<pid_t>& own) {
  Cpus now = read_cpus();
  std::map<std::uint32_t, std::uint64_t> ours = own_since(own);
  for (worch::CpuView& cpu : cpus) {
    cpu.other_load = 0;
    const auto before = before_.find(cpu.cpu);
    const auto after = now.find(cpu.cpu);
    if (before == before_.end() || after == now.end()) continue;
    const std::uint64_t all = since(before->second.all, after->second.all);
    const std::uint64_t busy = since(before->second.busy, after->second.busy);
    if (all == 0) continue;
    cpu.other_load = static_cast<std::uint32_t>(std::min<std::uint64_t>(since(ours[cpu.cpu], busy) * 1000 / all, 1000));
  }
  before_ = std::move(now);
}

}  // namespace chi::runtime

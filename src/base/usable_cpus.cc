// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The files of both versions are described in the kernel's Documentation/admin-guide/cgroup-v2.rst and
// Documentation/scheduler/sched-bwc.rst.
#include "base/usable_cpus.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <thread>

#include "base/file.h"
#include "base/text.h"

namespace chi {
namespace {

constexpr std::uint64_t kMaxFile = 64 << 10;

std::optional<double> share_of(const std::string& quota, const std::string& period) {
  const Result<std::uint64_t> part = parse_number(quota);  // none: "max", or "-1" in version 1
  const Result<std::uint64_t> whole = parse_number(period);
  if (!part.ok() || !whole.ok() || *whole == 0) return std::nullopt;
  return static_cast<double>(*part) / static_cast<double>(*whole);
}

void lower(std::optional<double>& least, const std::optional<double>& other) {
  if (other && (!least || *other < *least)) least = other;
}

std::string first_word(const std::string& path) {
  std::istringstream words(read_file(path, kMaxFile).value_or(""));
  std::string word;
  words >> word;
  return word;
}

std::optional<double> limit_in(const std::string& folder, bool second_version) {
  if (!second_version)
    return share_of(first_word(folder + "/cpu.cfs_quota_us"), first_word(folder + "/cpu.cfs_period_us"));
  std::istringstream words(read_file(folder + "/cpu.max", kMaxFile).value_or(""));
  std::string quota;
  std::string period;
  words >> quota >> period;
  return share_of(quota, period);
}

// In a container, the groups above its own are not there to be seen, and its own may be the root.
std::optional<double> least_up_from(const std::filesystem::path& root, std::string_view group, bool second_version) {
  std::optional<double> least;
  for (;;) {
    lower(least, limit_in(root.string().append(group), second_version));
    const auto slash = group.rfind('/');
    if (group.empty() || slash == std::string_view::npos) return least;
    group = group.substr(0, slash);
  }
}

bool names(std::string_view controllers, std::string_view name) {
  while (!controllers.empty()) {
    const auto comma = controllers.find(',');
    if (controllers.substr(0, comma) == name) return true;
    if (comma == std::string_view::npos) break;
    controllers.remove_prefix(comma + 1);
  }
  return false;
}

unsigned cpus_of_affinity() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  // More CPUs than cpu_set_t has bits: EINVAL, and all of them count.
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return std::max(1U, std::thread::hardware_concurrency());
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&usable)));
}

}  // namespace

std::optional<double> cgroup_cpus(std::string_view memberships, const std::string& root) {
  std::optional<double> least;
  std::istringstream lines{std::string(memberships)};
  for (std::string line; std::getline(lines, line);) {  // "4:cpu,cpuacct:/group", or "0::/group" of version 2
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool second_version = controllers.empty();
    if (!second_version && !names(controllers, "cpu")) continue;
    const std::string_view group = std::string_view(line).substr(second + 1);
    for (const char* mount : {"", "unified", controllers.c_str(), "cpu"}) {
      lower(least, least_up_from(std::filesystem::path(root) / mount, group, second_version));
    }
  }
  return least;
}

unsigned usable_cpus() {
  const unsigned allowed = cpus_of_affinity();
  const auto memberships = read_file("/proc/self/cgroup", kMaxFile);
  if (!memberships.ok()) return allowed;
  const std::optional<double> limit = cgroup_cpus(*memberships, "/sys/fs/cgroup");
  if (!limit || *limit >= allowed) return allowed;
  return std::max(1U, static_cast<unsigned>(*limit));
}

}  // namespace chi

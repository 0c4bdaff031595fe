// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements process_usage.h, from /proc.
#include "base/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/file.h"

namespace chi {
namespace {

constexpr std::size_t kMaxFile = std::size_t{1} << 20;

// When the machine was started, in seconds since 1970.
std::optional<double> boot_seconds() {
  const auto text = read_file("/proc/stat", kMaxFile);
  const auto at = text.ok() ? text->find("\nbtime ") : std::string::npos;
  double out = 0;
  if (at == std::string::npos || std::sscanf(text->c_str() + at, " btime %lf", &out) != 1) return {};
  return out;
}

std::optional<std::uint64_t> open_files() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error))
    ++count;
  if (error || count == 0) return {};
  return count - 1;  // but for the one that this takes
}

}  // namespace

ProcessUsage process_usage() {
  ProcessUsage out;
  const auto text = read_file("/proc/self/stat", kMaxFile);
  // The program's name, in parentheses, may have anything in it.
  const auto name_end = text.ok() ? text->rfind(')') : std::string::npos;
  unsigned long long user = 0;
  unsigned long long kernel = 0;
  unsigned long long start = 0;
  unsigned long long size = 0;
  unsigned long long pages = 0;
  if (name_end != std::string::npos &&
      std::sscanf(text->c_str() + name_end + 1,
                  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %llu %llu %llu",
                  &user, &kernel, &start, &size, &pages) == 5) {
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    out.cpu_seconds = static_cast<double>(user + kernel) / ticks;
    if (const auto boot = boot_seconds()) out.start_seconds = *boot + static_cast<double>(start) / ticks;
    out.virtual_bytes = size;
    out.resident_bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  out.open_files = open_files();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) out.max_files = limit.rlim_cur;
  return out;
}

}  // namespace chi

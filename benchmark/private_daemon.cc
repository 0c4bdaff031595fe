// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera start --foreground` in a folder of its own; the line that it prints says that it is ready.
#include "benchmark/private_daemon.h"

#include <fmt/format.h>

#include <fstream>

#include "base/file.h"

namespace chi::bench {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kMaxLog = 1 << 20;

Status write_config(const ScratchFolder& folder, const Options& options, const char* poll) {
  std::ofstream file(folder.file("config.yaml"));
  file << fmt::format("runtime:\n  workers: {}\n  poll: {}\nsocket:\n  path: {}\nlog:\n  level: warning\n",
                      options.workers, poll, folder.file("socket"));
  file.close();
  if (file) return {};
  return Error{Code::resource_exhausted, fmt::format("cannot write below '{}'; is the disk full?", folder.path()),
               "bench"};
}

void add(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

Error with_log(const Error& error, const ScratchFolder& folder) {
  const std::string log = read_file(folder.file("log"), kMaxLog).value_or("");
  return Error{error.code, fmt::format("the private daemon: {}{}{}", error.text, log.empty() ? "" : "; it said: ", log),
               "bench"};
}

}  // namespace

Result<PrivateDaemon> PrivateDaemon::start(const Options& options, const std::vector<std::string>& under) {
  Result<ScratchFolder> folder = ScratchFolder::make();
  if (!folder.ok()) return std::move(folder).error();
  // Under valgrind a thread that sleeps in io_uring stops all others.
  Status written = write_config(*folder, options, under.empty() ? "adaptive" : "always");
  if (!written.ok()) return std::move(written).error();
  Launch launch;
  launch.command = under;
  add(launch.command,
      {own_program(), "start", "--foreground", "--name", "bench", "--config", folder->file("config.yaml")});
  for (const std::string& path : options.module_paths) add(launch.command, {"--module-path", path});
  launch.environment = {"XDG_RUNTIME_DIR=" + folder->path()};
  launch.error_file = folder->file("log");
  launch.cpus = options.placement.all;
  Result<Child> child = Child::start(launch);
  if (!child.ok()) return std::move(child).error();
  Result<std::string> ready = child->read_line(Child::in(seconds(under.empty() ? 10 : 60)));
  if (!ready.ok()) return with_log(ready.error(), *folder);
  return PrivateDaemon(*std::move(folder), *std::move(child));
}

Status PrivateDaemon::stop() {
  if (!child_.stop(Child::in(seconds(10)))) {
    return with_log(Error{Code::deadline_exceeded, "does not end", {}}, folder_);
  }
  return {};
}

PrivateDaemon::~PrivateDaemon() { (void)child_.stop(Child::in(seconds(5))); }

}  // namespace chi::bench

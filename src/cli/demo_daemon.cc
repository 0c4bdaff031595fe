// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements demo_daemon.h.
#include "cli/demo_daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/unique_fd.h"
#include "cli/background.h"
#include "cli/daemon.h"
#include "cli/exit_code.h"
#include "cli/process.h"

namespace chi::cli {

namespace {

constexpr std::chrono::seconds kKindly(6);  // to let running tasks end, and to take everything down
constexpr off_t kLogTail = 2000;

void remove_folder(const std::string& folder) noexcept {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

// In memory and the user's own where there is such a place: /run/user/UID.
Result<std::string> make_folder() {
  const char* run = ::getenv("XDG_RUNTIME_DIR");
  std::string last;
  for (const char* base : {run, "/tmp"}) {
    if (base == nullptr || *base == 0) continue;
    std::string folder = fmt::format("{}/chimaera-demo-XXXXXX", base);
    if (folder.size() < 90 && ::mkdtemp(folder.data())) return folder;
    last = fmt::format("cannot make a folder in '{}': {}", base, errno_text(errno));
  }
  return Error{errno_code(errno), last, {}};
}

// The child's main. When the parent dies, so does the daemon. It takes the folder along whether the parent lives or
// not: a parent that is being taken down may be seen as alive for long after its death was signalled.
int serve(const std::string& folder, const std::string& socket, pid_t parent, Readiness& readiness) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) {
    remove_folder(folder);
    return kFailed;
  }
  DaemonPlan plan;
  plan.node.name = "demo";
  plan.node.socket_path = socket;
  plan.pid_file = folder + "/pid";
  plan.log_file = folder + "/log";
  plan.scratch_folder = folder;
  const Status ended = run_daemon(plan, [&readiness] { return readiness.ready(); });
  if (!ended.ok()) readiness.failed(ended.error());
  return ended.ok() ? kDone : kFailed;
}

}  // namespace

PrivateDaemon::PrivateDaemon(std::string folder) : folder_(std::move(folder)), socket_(folder_ + "/sock") {}

Result<std::unique_ptr<PrivateDaemon>> PrivateDaemon::start() {
  Result<std::string> folder = make_folder();
  if (!folder.ok()) return std::move(folder).error();
  std::unique_ptr<PrivateDaemon> daemon(new PrivateDaemon(*folder));
  const BackgroundOptions options{.log_file = *folder + "/log"};
  daemon->log_.reset(::open(options.log_file.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
  const pid_t parent = ::getpid();
  const Result<pid_t> pid = run_in_background(
      options, [&](Readiness& readiness) { return serve(*folder, daemon->socket_, parent, readiness); });
  if (!pid.ok()) return Error{pid.code(), "the demo's own daemon does not start: " + pid.error().text, {}};
  daemon->pid_ = *pid;
  return daemon;
}

std::string PrivateDaemon::log_tail() const {
  const off_t size = ::lseek(log_.get(), 0, SEEK_END);
  const off_t from = std::max<off_t>(size - kLogTail, 0);
  std::string text(kLogTail, 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(::pread(log_.get(), text.data(), kLogTail, from), 0)));
  return from == 0 ? text : text.substr(text.find('\n') + 1);
}

void PrivateDaemon::stop() noexcept {
  const std::lock_guard lock(stopping_);
  if (std::exchange(stopped_, true)) return;
  if (pid_ != 0) {
    const Result<Process> process = Process::open(pid_);  // not waited for yet: the number is its own
    ::kill(pid_, SIGTERM);
    if (!process.ok() || !process->ended_within(kKindly)) ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  remove_folder(folder_);
}

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements daemon.h.
#include "cli/daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>

#include "base/runtime_dir.h"
#include "cli/daemon_lock.h"
#include "cli/daemon_names.h"
#include "cli/exit_code.h"
#include "cli/inheritance.h"
#include "cli/signal_watch.h"
#include "runtime/crash_report.h"

namespace chi::cli {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::uint32_t kSignalGraceMs = 5000;  // for running tasks, when a signal ends the daemon
// What comes so soon after the first signal is the same wish: a terminal and a parent pass on theirs, and the kernel
// tells of a parent's death once for each of its threads.
constexpr std::chrono::milliseconds kOneSignal(300);
constexpr std::chrono::seconds kComingUp(1);           // for a node that is asked to end before it is there
constexpr std::chrono::milliseconds kLookAfter(1000);  // whether what has a name still has it
constexpr rlim_t kWantedFiles = 65536;

// Each session takes a few descriptors, and the usual soft limit is 1024.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kWantedFiles) return;
  limit.rlim_cur = std::min(limit.rlim_max, kWantedFiles);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

// A socket where somebody answers belongs to a daemon of another name, for this name's lock is ours.
Status check_socket(const std::string& path) {
  const Result<sockaddr_un> address = socket_address(path);
  if (!address.ok()) return address.error();
  const UniqueFd probe(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe && ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0) {
    return Error{
        Code::already_exists, fmt::format("another daemon answers at '{}'; configure another socket", path), {}};
  }
  return {};
}

Result<std::unique_ptr<Logger>> open_daemon_log(const DaemonPlan& plan) {
  LogOptions options;
  options.level = plan.node.config.log.level;
  options.file = plan.log_file;
  options.standard_error = plan.log_to_stderr;
  options.journal = stderr_is_journal();
  return open_log(options);
}

// Beside the log's own descriptor, which is the log's: written to only when the daemon crashes.
UniqueFd open_for_crashes(const DaemonPlan& plan) {
  if (plan.log_file.empty()) return {};
  return UniqueFd(::open(plan.log_file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

void remove_scratch(const DaemonPlan& plan) noexcept {
  std::error_code ignored;
  if (!plan.scratch_folder.empty()) std::filesystem::remove_all(plan.scratch_folder, ignored);
}

// What signals ask for, from when the daemon has its lock to its end. on_signal() is for the watching thread, the rest
// for the daemon's first one.
class Ending {
 public:
  Ending(const DaemonPlan& plan, const DaemonLock& lock, Logger& log) : plan_(plan), lock_(lock), log_(log) {}

  void on_signal(int signal) {
    std::unique_lock lock(mutex_);
    const auto now = SteadyClock::now();
    if (first_ && now - *first_ < kOneSignal) return;
    if (first_) {
      log_.warning("signal {} again: ending at once", signal);
      leave_at_once();
    }
    first_ = now;
    log_.info("signal {}: ending", signal);
    if (node_) return node_->request_stop(kSignalGraceMs);
    changed_.wait_for(lock, kComingUp, [this] { return node_ || over_; });
    if (!node_ && !over_) leave_at_once();
  }

  // From now on there is a node to be asked; what was asked for before is asked for now.
  void serves(runtime::Node& node) {
    const std::lock_guard lock(mutex_);
    node_ = &node;
    if (first_) node.request_stop(0);
    changed_.notify_all();
  }
  void is_over() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }

  // Without taking anything down but what has a name.
  [[noreturn]] void leave_at_once() const {
    lock_.remove_file();
    remove_scratch(plan_);
    ::_exit(kFailed);
  }

 private:
  const DaemonPlan& plan_;
  const DaemonLock& lock_;
  Logger& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  runtime::Node* node_ = nullptr;
  bool over_ = false;
  std::optional<SteadyClock::time_point> first_;  // when the first signal came
};

}  // namespace

Result<DaemonPlan> plan_daemon(const std::string& name, const runtime::Config& config,
                               const std::vector<std::string>& module_paths, bool foreground) {
  DaemonPlan plan;
  const Result<std::string> pid_file = runtime_file(name, "pid", true);
  if (!pid_file.ok()) return pid_file.error();
  plan.pid_file = *pid_file;
  plan.node.config = config;
  plan.node.name = name;
  plan.node.own_process = true;
  plan.node.socket_path = config.socket.path;
  plan.in_runtime_dir = true;
  const std::string usual = runtime_file(name, "sock", true).value();
  if (config.socket.path.empty()) plan.node.socket_path = usual;
  if (plan.node.socket_path != usual) plan.socket_link = usual;
  std::error_code ignored;  // a path that cannot be made absolute is reported when it is looked into
  for (const std::string& path : module_paths) {
    plan.node.module_paths.push_back(std::filesystem::absolute(path, ignored).string());
  }
  plan.node.repos = runtime::RepoRegistry::of_this_user();
  plan.log_file = config.log.file;
  plan.log_to_stderr = foreground;
  if (plan.log_file.empty() && !foreground) plan.log_file = runtime_file(name, "log", true).value();
  return plan;
}

namespace {

Status run_in_its_place(const DaemonPlan& plan, const std::function<bool()>& ready) {
  Result<DaemonLock> lock = DaemonLock::acquire(plan.pid_file);
  if (!lock.ok()) {
    Error error = lock.error();
    error.text = fmt::format("daemon '{}': {}", plan.node.name, error.text);
    if (error.code == Code::already_exists) error.text += "; end it with `chimaera stop`, or use another --name";
    return error;
  }
  Status free = check_socket(plan.node.socket_path);
  if (!free.ok()) return free;
  const Result<std::unique_ptr<Logger>> log = open_daemon_log(plan);
  if (!log.ok()) return log.error();
  raise_file_limit();
  settle_daemon_signals();
  runtime::report_crashes(open_for_crashes(plan));
  Ending ending(plan, *lock, **log);
  const Result<std::unique_ptr<SignalWatch>> watch =
      SignalWatch::start([&ending](int signal) { ending.on_signal(signal); });
  if (!watch.ok()) return watch.error();
  Result<std::unique_ptr<runtime::Node>> node = runtime::Node::start(plan.node, **log);
  if (!node.ok()) {
    ending.is_over();
    return std::move(node).error();
  }
  DaemonNames names(*lock, **log, plan.socket_link, plan.node.socket_path);
  if (Status named = names.begin(plan.in_runtime_dir); !named.ok()) {
    ending.is_over();
    return named;
  }
  ending.serves(**node);
  if (!ready()) {
    (*log)->info("whoever started the daemon has gone before it was ready: ending");
    (*node)->request_stop(0);
  }
  std::optional<std::uint32_t> grace_ms;
  while (!(grace_ms = (*node)->wait_for(kLookAfter))) names.look_after();
  if (!(*node)->stop(*grace_ms)) {
    // A handler's thread still runs in the module's code: nothing may be taken down around it.
    (*log)->error("a handler does not end; leaving without it");
    ending.leave_at_once();
  }
  ending.is_over();
  return {};
}

}  // namespace

Status run_daemon(const DaemonPlan& plan, const std::function<bool()>& ready) {
  Status ended = run_in_its_place(plan, ready);
  remove_scratch(plan);
  return ended;
}

}  // namespace chi::cli

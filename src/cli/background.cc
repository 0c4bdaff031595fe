// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The report is one line on a pipe: "CODE TEXT"; the pipe's end without one means that the process died.
#include "cli/background.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>

#include "base/file.h"
#include "base/text.h"
#include "cli/process.h"
#include "cli/signal_watch.h"

namespace chi::cli {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxReport = 16 << 10;
constexpr std::chrono::seconds kEndPatience(3);  // for a process that was asked to end while it came up

// Descriptors that were passed in are the starter's: a daemon that kept a pipe open would keep its reader waiting.
void close_all_but(int kept) {
  if (kept > STDERR_FILENO + 1) ::close_range(STDERR_FILENO + 1, static_cast<unsigned>(kept) - 1, 0);
  ::close_range(static_cast<unsigned>(kept) + 1, ~0U, 0);
}

void leave_terminal(const BackgroundOptions& options) {
  ::setsid();
  ::umask(077);
  (void)!::chdir("/");
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  UniqueFd log;
  if (!options.log_file.empty()) {
    log.reset(::open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  }
  const int output = log ? log.get() : nothing.get();
  if (nothing) ::dup2(nothing.get(), STDIN_FILENO);
  if (output >= 0) {
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
  }
  // A script's background jobs ignore the keys of a terminal that this process has left.
  for (const int key : {SIGINT, SIGQUIT}) ::signal(key, SIG_DFL);
}

// Holds back what asks this process to end, to be read from a descriptor instead.
class EndSignals {
 public:
  EndSignals() noexcept {
    const sigset_t set = end_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~EndSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  int fd() const noexcept { return fd_.get(); }
  // 0: none that counts.
  int next() const noexcept {
    signalfd_siginfo info{};
    if (::read(fd_.get(), &info, sizeof info) != sizeof info) return 0;
    const auto signal = static_cast<int>(info.ssi_signo);
    return is_ignored(signal) ? 0 : signal;
  }

 private:
  sigset_t before_{};
  UniqueFd fd_;
};

[[noreturn]] void child_main(const BackgroundOptions& options, UniqueFd pipe,
                             const std::function<int(Readiness&)>& serve) {
  close_all_but(pipe.get());
  leave_terminal(options);
  Readiness readiness(std::move(pipe));
  int code = 1;
  try {
    code = serve(readiness);
  } catch (const std::exception& e) {
    readiness.failed(Error{Code::internal, e.what(), {}});
  }
  // Not exit(): what the starter registered to run at its end is not for this process to do.
  ::_exit(code);
}

struct Heard {
  std::string text;  // what the child wrote until it closed the pipe or ended a line
  bool in_time = true;
  int signal = 0;  // not 0: this process is to end
};

Heard listen_to(int pipe, const EndSignals& signals, SteadyClock::time_point deadline) {
  Heard out;
  std::string& text = out.text;
  std::array<char, 4096> buffer;
  while (text.size() < kMaxReport && !text.ends_with('\n')) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    std::array<pollfd, 2> wait{{{pipe, POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
    const int events =
        left > 0 ? ::poll(wait.data(), wait.size(), static_cast<int>(std::min<long long>(left, 3'600'000))) : 0;
    if (events < 0 && errno == EINTR) continue;
    out.in_time = events > 0;
    if (!out.in_time) return out;
    if (wait[1].revents != 0) out.signal = signals.next();
    if (out.signal != 0) return out;
    if (wait[0].revents == 0) continue;
    const ssize_t size = ::read(pipe, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return out;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return out;
}

// The child is not waited for before, so that its number is its own.
void end_child(pid_t child) {
  const Result<Process> process = Process::open(child);
  ::kill(child, SIGTERM);
  if (!process.ok() || !process->ended_within(kEndPatience)) ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

Error died(pid_t child, const BackgroundOptions& options) {
  int status = 0;
  ::waitpid(child, &status, 0);
  const std::string how = WIFSIGNALED(status) ? fmt::format("was killed by signal {}", WTERMSIG(status))
                                              : fmt::format("ended with exit code {}", WEXITSTATUS(status));
  return Error{Code::internal, fmt::format("it {} before it was ready; see '{}'", how, options.log_file), {}};
}

Error too_late(pid_t child, const BackgroundOptions& options) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return Error{Code::deadline_exceeded,
               fmt::format("it was not ready after {} s and was killed; see '{}'",
                           std::chrono::duration<double>(options.timeout).count(), options.log_file),
               {}};
}

}  // namespace

bool Readiness::report(Code code, const std::string& text) {
  if (!pipe_) return true;
  std::string line = fmt::format("{} {}", static_cast<unsigned>(code), text.substr(0, kMaxReport - 16));
  std::replace(line.begin(), line.end(), '\n', ' ');
  line += '\n';
  const bool taken = ::write(pipe_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
  pipe_.reset();
  return taken;
}

Result<pid_t> run_in_background(const BackgroundOptions& options, const std::function<int(Readiness&)>& serve) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error{errno_code(errno), fmt::format("cannot make a pipe: {}", errno_text(errno)), {}};
  }
  UniqueFd reader(ends[0]), writer(ends[1]);
  const auto deadline = SteadyClock::now() + options.timeout;
  const EndSignals signals;
  const pid_t child = ::fork();
  if (child < 0) return Error{errno_code(errno), fmt::format("cannot fork: {}", errno_text(errno)), {}};
  if (child == 0) {
    reader.reset();
    child_main(options, std::move(writer), serve);
  }
  writer.reset();
  const Heard heard = listen_to(reader.get(), signals, deadline);
  if (heard.signal != 0) {
    end_child(child);
    end_by(heard.signal);
  }
  if (!heard.in_time) return too_late(child, options);
  const std::string& report = heard.text;
  const auto blank = report.find(' ');
  if (!report.ends_with('\n') || blank == std::string::npos) return died(child, options);
  const auto code = static_cast<Code>(parse_number(report.substr(0, blank)).value_or(0xffff));
  if (code == Code::ok) {
    const int late = signals.next();
    if (late == 0) return child;
    end_child(child);
    end_by(late);
  }
  ::waitpid(child, nullptr, 0);
  return Error{code, report.substr(blank + 1, report.size() - blank - 2), {}};
}

}  // namespace chi::cli

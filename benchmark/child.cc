// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// fork and exec. Between the two only what is allowed in a process that had threads.
#include "benchmark/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "base/file.h"
#include "benchmark/cpus.h"

extern char** environ;

namespace chi::bench {
namespace {

constexpr int kNoProgram = 127;

// What the new process needs, made while memory may still be allocated.
struct Image {
  std::vector<std::string> environment;
  std::vector<char*> arguments;
  std::vector<char*> variables;
  const char* error_file = nullptr;
  cpu_set_t cpus{};
  int output = -1;
};

bool same_variable(const std::string& a, const std::string& b) {
  return a.compare(0, a.find('=') + 1, b, 0, b.find('=') + 1) == 0;
}

Image image_of(const Launch& launch, int output) {
  Image image;
  image.environment = launch.environment;
  for (char** variable = environ; *variable; ++variable) {
    const std::string given = *variable;
    const bool replaced = std::any_of(launch.environment.begin(), launch.environment.end(),
                                      [&](const std::string& other) { return same_variable(given, other); });
    if (!replaced) image.environment.push_back(given);
  }
  for (const std::string& each : launch.command) image.arguments.push_back(const_cast<char*>(each.c_str()));
  for (const std::string& each : image.environment) image.variables.push_back(const_cast<char*>(each.c_str()));
  image.arguments.push_back(nullptr);
  image.variables.push_back(nullptr);
  image.error_file = launch.error_file.empty() ? "/dev/null" : launch.error_file.c_str();
  image.cpus = cpu_set_of(launch.cpus.empty() ? usable_cpus() : launch.cpus);
  image.output = output;
  return image;
}

[[noreturn]] void become(const Image& image, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kNoProgram);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  ::setpgid(0, 0);  // Ctrl-C is for the benchmark alone, which ends its children in order
  ::sched_setaffinity(0, sizeof(image.cpus), &image.cpus);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int errors = ::open(image.error_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (input < 0 || errors < 0) ::_exit(kNoProgram);
  ::dup2(input, STDIN_FILENO);
  ::dup2(image.output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execvpe(image.arguments[0], image.arguments.data(), image.variables.data());
  ::_exit(kNoProgram);
}

Error failed_call(const char* what) {
  return Error{errno_code(errno), fmt::format("cannot {}: {}", what, errno_text(errno)), "bench"};
}

}  // namespace

std::string own_program() {
  std::error_code ignored;  // without /proc nothing works
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

Child::Child(pid_t pid, UniqueFd output, std::string name) noexcept
    : pid_(pid), output_(std::move(output)), name_(std::move(name)) {}

Child::Child(Child&& other) noexcept { *this = std::move(other); }

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  kill();
  pid_ = std::exchange(other.pid_, -1);
  status_ = other.status_;
  output_ = std::move(other.output_);
  name_ = std::move(other.name_);
  read_ = std::move(other.read_);
  end_of_output_ = other.end_of_output_;
  return *this;
}

Child::~Child() { kill(); }

void Child::kill() noexcept {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, &status_, 0);
  pid_ = -1;
}

Result<Child> Child::start(const Launch& launch) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed_call("make a pipe");
  UniqueFd reader(ends[0]), writer(ends[1]);
  const Image image = image_of(launch, writer.get());
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return failed_call("fork");
  if (pid == 0) become(image, parent);
  return Child(pid, std::move(reader), launch.command.front());
}

Status Child::fill(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  pollfd wait{output_.get(), POLLIN, 0};
  const int events = left > 0 ? ::poll(&wait, 1, static_cast<int>(std::min<long long>(left, 3'600'000))) : 0;
  if (events < 0 && errno == EINTR) return {};
  if (events <= 0) return Error{Code::deadline_exceeded, fmt::format("'{}' takes too long", name_), "bench"};
  std::array<char, 4096> buffer;
  const ssize_t size = ::read(output_.get(), buffer.data(), buffer.size());
  if (size < 0 && errno != EINTR) return failed_call("read a pipe");
  if (size == 0) end_of_output_ = true;
  if (size > 0) read_.append(buffer.data(), static_cast<std::size_t>(size));
  return {};
}

Result<std::string> Child::read_line(Deadline deadline) {
  for (;;) {
    const auto end = read_.find('\n');
    if (end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    if (end_of_output_) return Error{Code::unavailable, fmt::format("'{}' ended too early", name_), "bench"};
    Status filled = fill(deadline);
    if (!filled.ok()) return std::move(filled).error();
  }
}

Result<std::string> Child::output(Deadline deadline) {
  while (!end_of_output_) {
    Status filled = fill(deadline);
    if (!filled.ok()) return std::move(filled).error();
  }
  if (!wait_until(deadline)) {
    return Error{Code::deadline_exceeded, fmt::format("'{}' does not end", name_), "bench"};
  }
  if (WIFEXITED(status_) && WEXITSTATUS(status_) == 0) return std::exchange(read_, {});
  if (WIFEXITED(status_) && WEXITSTATUS(status_) == kNoProgram) {
    return Error{Code::not_found, fmt::format("there is no program '{}'", name_), "bench"};
  }
  return Error{Code::internal,
               WIFEXITED(status_) ? fmt::format("'{}' failed with exit code {}", name_, WEXITSTATUS(status_))
                                  : fmt::format("'{}' was killed by signal {}", name_, WTERMSIG(status_)),
               "bench"};
}

bool Child::runs() {
  if (pid_ >= 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
  return pid_ >= 0;
}

bool Child::wait_until(Deadline deadline) {
  while (runs()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

bool Child::stop(Deadline deadline) {
  if (!runs()) return true;
  ::kill(pid_, SIGTERM);
  if (wait_until(deadline)) return true;
  kill();
  return false;
}

}  // namespace chi::bench

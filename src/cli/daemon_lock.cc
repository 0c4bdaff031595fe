// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The lock is one of an open file (F_OFD_SETLK): unlike flock() it can be asked for without being taken, so that a
// curious `status` never makes a `start` fail; unlike F_SETLK it does not vanish when somebody closes the file.
#include "cli/daemon_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>

#include "base/file.h"
#include "base/text.h"

namespace chi::cli {

namespace {

constexpr std::chrono::seconds kLongestEnd(5);  // of a process that was killed

struct flock whole_file(short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

Error failed(const char* action, const std::string& path) {
  return Error{errno_code(errno), fmt::format("cannot {} '{}': {}", action, path, errno_text(errno)), {}};
}

// Whether `path` still names the open file: its last owner may have removed it while we waited for the lock.
bool is_current(int file, const std::string& path) noexcept {
  struct stat open_file{}, named{};
  return ::fstat(file, &open_file) == 0 && ::stat(path.c_str(), &named) == 0 && open_file.st_ino == named.st_ino &&
         open_file.st_dev == named.st_dev;
}

Status write_pid(int file, const std::string& path) {
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return failed("write", path);
  }
  return {};
}

// 0 when nothing that may be a pid is in the file, for its owner has not written it yet.
pid_t read_pid(int file) {
  std::array<char, 32> buffer{};
  const ssize_t size = ::pread(file, buffer.data(), buffer.size(), 0);
  std::string_view text(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (text.ends_with('\n')) text.remove_suffix(1);
  const Result<std::uint64_t> pid = parse_number(text);
  return pid.ok() && *pid > 0 && *pid <= 0x7fffffff ? static_cast<pid_t>(*pid) : 0;
}

// Whether the kernel is taking the process down: until its last thread has gone, its files stay locked.
bool is_ending(pid_t pid) {
  if (pid == 0) return false;
  const auto status = read_file(fmt::format("/proc/{}/status", pid), 1 << 16);
  if (!status.ok()) return status.code() == Code::not_found;
  const auto value_of = [&](std::string_view name) {
    const auto at = status->find(name);
    return at == std::string::npos ? std::string_view() : std::string_view(*status).substr(at + name.size());
  };
  const std::string_view state = value_of("\nState:\t");
  if (state.starts_with('Z') || state.starts_with('X')) return true;
  // A mask in hexadecimal digits, signal 1 in the lowest bit.
  const std::string_view pending = value_of("\nShdPnd:\t").substr(0, 16);
  constexpr std::size_t kDigit = 16 - 1 - (SIGKILL - 1) / 4;
  constexpr unsigned kBit = 1U << (SIGKILL - 1) % 4;
  unsigned digit = 0;
  if (pending.size() == 16) std::from_chars(&pending[kDigit], &pending[kDigit] + 1, digit, 16);
  return digit & kBit;
}

}  // namespace

Result<DaemonLock> DaemonLock::acquire(const std::string& path) {
  const auto give_up = std::chrono::steady_clock::now() + kLongestEnd;
  for (int attempt = 0; attempt < 100; ++attempt) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return failed("open the pid file", path);
    struct flock lock = whole_file(F_WRLCK);
    while (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0) {
      if (errno != EAGAIN && errno != EACCES) return failed("lock", path);
      const pid_t pid = read_pid(file.get());
      if (!is_ending(pid) || std::chrono::steady_clock::now() > give_up) {
        return Error{
            Code::already_exists, pid ? fmt::format("it runs already, with pid {}", pid) : "it is being started", {}};
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (!is_current(file.get(), path)) continue;
    Status written = write_pid(file.get(), path);
    if (!written.ok()) {
      ::unlink(path.c_str());
      return std::move(written).error();
    }
    return DaemonLock(path, std::move(file));
  }
  return Error{Code::aborted, fmt::format("'{}' is removed again and again by somebody else", path), {}};
}

DaemonLock::~DaemonLock() {
  if (file_) remove_file();
}

void DaemonLock::remove_file() const noexcept {
  if (is_current(file_.get(), path_)) ::unlink(path_.c_str());
}

Result<pid_t> daemon_pid(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file && errno != ENOENT) return failed("open the pid file", path);
  struct flock lock = whole_file(F_WRLCK);
  if (!file || ::fcntl(file.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) {
    return Error{Code::not_found, "no daemon holds its pid file", path};
  }
  const pid_t pid = read_pid(file.get());
  if (pid == 0) return Error{Code::unavailable, "a daemon is just being started; try again", path};
  return pid;
}

}  // namespace chi::cli

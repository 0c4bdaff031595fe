// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The lock is one of an open file (F_OFD_SETLK) on the first byte: unlike flock() it can be asked for without being
// taken, so that a curious `stop` never makes a `start` fail; unlike F_SETLK it does not vanish when somebody closes
// the file. It has no owner that the kernel could name, so that the second byte has a lock of the process, too: who
// holds that is told by the kernel, as the asker's pid namespace has it. What the file says is for people.
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

namespace chi::cli {

namespace {

constexpr std::chrono::seconds kLongestEnd(5);  // of a process that was killed

constexpr off_t kLockByte = 0;
constexpr off_t kOwnerByte = 1;

struct flock lock_of(off_t byte) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
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

std::string pid_line() { return fmt::format("{}\n", ::getpid()); }

Status write_pid(int file, const std::string& path) {
  const std::string text = pid_line();
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return failed("write", path);
  }
  return {};
}

// The process that holds the file's lock. unavailable: it has not said yet which one it is; failed_precondition: it is
// in another pid namespace, where its number means nothing here; not_found: nobody holds it.
Result<pid_t> owner_of(int file) {
  struct flock lock = lock_of(kLockByte);
  if (::fcntl(file, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) {
    return Error{Code::not_found, "no daemon holds its pid file", {}};
  }
  struct flock owner = lock_of(kOwnerByte);
  if (::fcntl(file, F_GETLK, &owner) != 0 || owner.l_type == F_UNLCK) {
    return Error{Code::unavailable, "a daemon is just being started; try again", {}};
  }
  if (owner.l_pid > 0) return owner.l_pid;
  return Error{Code::failed_precondition,
               "the daemon runs in another pid namespace: which process it is cannot be known here; end it there",
               {}};
}

// Whether the kernel is taking the process down: until its last thread has gone, its files stay locked.
bool is_ending(pid_t pid) {
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

Error running(const Result<pid_t>& owner) {
  if (owner.ok()) return {Code::already_exists, fmt::format("it runs already, with pid {}", *owner), {}};
  const bool elsewhere = owner.code() == Code::failed_precondition;
  return {Code::already_exists, elsewhere ? "it runs already, in another pid namespace" : "it is being started", {}};
}

}  // namespace

Result<DaemonLock> DaemonLock::acquire(const std::string& path) {
  const auto give_up = std::chrono::steady_clock::now() + kLongestEnd;
  for (int attempt = 0; attempt < 100; ++attempt) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return failed("open the pid file", path);
    struct flock lock = lock_of(kLockByte);
    while (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0) {
      if (errno != EAGAIN && errno != EACCES) return failed("lock", path);
      const Result<pid_t> owner = owner_of(file.get());
      const bool ending = owner.code() == Code::not_found || (owner.ok() && is_ending(*owner));
      if (!ending || std::chrono::steady_clock::now() > give_up) return running(owner);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (!is_current(file.get(), path)) continue;
    struct flock owner = lock_of(kOwnerByte);
    if (::fcntl(file.get(), F_SETLK, &owner) != 0) return failed("lock", path);
    Status written = write_pid(file.get(), path);
    if (!written.ok()) {
      ::unlink(path.c_str());
      return std::move(written).error();
    }
    return DaemonLock(path, std::move(file));
  }
  return Error{Code::aborted, fmt::format("'{}' is removed again and again by somebody else", path), {}};
}

Result<bool> DaemonLock::look_after() {
  if (!is_current(file_.get(), path_)) {
    Result<DaemonLock> made = acquire(path_);
    if (!made.ok()) return std::move(made).error();
    file_ = std::move(made->file_);
    return true;
  }
  std::array<char, 32> buffer{};
  const ssize_t size = ::pread(file_.get(), buffer.data(), buffer.size(), 0);
  const std::string_view text(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (text == pid_line()) return false;
  if (Status written = write_pid(file_.get(), path_); !written.ok()) return std::move(written).error();
  return true;
}

DaemonLock::~DaemonLock() {
  if (file_) remove_file();
}

void DaemonLock::remove_file() const noexcept {
  if (is_current(file_.get(), path_)) ::unlink(path_.c_str());
}

Result<Process> find_daemon(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file && errno != ENOENT && errno != ENOTDIR) return failed("open the pid file", path);
  if (!file) return Error{Code::not_found, "no daemon holds its pid file", path};
  const Result<pid_t> owner = owner_of(file.get());
  if (!owner.ok()) return owner.error();
  Result<Process> process = Process::open(*owner);
  // It may have ended, and its number gone to another one, before it was held.
  const Result<pid_t> again = owner_of(file.get());
  if (!again.ok()) return again.error();
  if (*again != *owner) return Error{Code::aborted, "another daemon has just taken its place; try again", path};
  return process;
}

}  // namespace chi::cli

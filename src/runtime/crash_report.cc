// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements crash_report.h. In the handler there is no memory to be had and no lock to be taken: text is put together
// in a fixed place, and a code address is looked up with what takes neither (_dl_find_object). Each line is written as
// soon as it is known, for what comes after it may fault in turn: then the kernel ends the process.
#include "runtime/crash_report.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <typeinfo>

#include "runtime/driver.h"
#include "runtime/pool.h"
#include "runtime/worker.h"

namespace chi::runtime {

namespace {

struct Fault {
  int signal;
  std::string_view name;
  std::string_view what;
};
constexpr std::array<Fault, 5> kFaults{{
    {SIGSEGV, "SIGSEGV", "invalid memory reference"},
    {SIGBUS, "SIGBUS", "memory that is not there"},
    {SIGFPE, "SIGFPE", "arithmetic error"},
    {SIGILL, "SIGILL", "no such instruction"},
    {SIGABRT, "SIGABRT", "abort"},
}};

constexpr std::size_t kStackSize = std::size_t{128} << 10;
constexpr int kMostFrames = 64;
constexpr unsigned kOthersPatienceMs = 3000;  // for the report of a thread that crashed before

// The process', as its signals are.
std::atomic<bool> installed{false};
std::atomic<pid_t> reporter{0};  // the thread that reports
int log_fd = -1;
int error_fd = -1;                 // stderr, where that is not the log
std::array<char, 512> uncaught{};  // the exception that is about to end the process

pid_t this_thread() noexcept { return static_cast<pid_t>(::syscall(SYS_gettid)); }

// One line of the log, made without memory; what is too long is cut.
class Line {
 public:
  Line() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    date(now.tv_sec / 86400);
    const auto second = static_cast<std::uint64_t>(now.tv_sec % 86400);
    padded(second / 3600, 2, "T").padded(second / 60 % 60, 2, ":").padded(second % 60, 2, ":");
    padded(static_cast<std::uint64_t>(now.tv_nsec) / 1000000, 3, ".") << "+00:00 error   [";
    number(static_cast<std::uint64_t>(this_thread())) << "] crash: ";
  }

  Line& operator<<(std::string_view text) noexcept {
    for (const char c : text.substr(0, text_.size() - 1 - size_)) text_[size_++] = c < ' ' || c == 127 ? '?' : c;
    return *this;
  }
  Line& number(std::uint64_t value, int base = 10) noexcept {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
    return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  Line& hex(std::uint64_t value) noexcept { return (*this << "0x").number(value, 16); }
  Line& padded(std::uint64_t value, unsigned width, std::string_view before = {}, int base = 10) noexcept {
    *this << before;
    std::uint64_t least = 1;
    for (unsigned i = 1; i < width; ++i) least *= static_cast<unsigned>(base);
    for (; least > 1 && value < least; least /= static_cast<unsigned>(base)) *this << "0";
    return number(value, base);
  }

  ~Line() {
    text_[size_++] = '\n';
    for (const int fd : {log_fd, error_fd}) {
      if (fd >= 0) (void)!::write(fd, text_.data(), size_);
    }
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

 private:
  // Days since 1970 as year, month and day: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
  void date(std::int64_t days) noexcept {
    const auto shifted = static_cast<std::uint64_t>(days + 719468);
    const std::uint64_t era = shifted / 146097;
    const std::uint64_t of_era = shifted % 146097;
    const std::uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const std::uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const std::uint64_t month = (5 * of_year + 2) / 153;
    const std::uint64_t day = of_year - (153 * month + 2) / 5 + 1;
    const std::uint64_t real = month < 10 ? month + 3 : month - 9;
    padded(year + era * 400 + (real <= 2 ? 1 : 0), 4).padded(real, 2, "-").padded(day, 2, "-");
  }

  std::array<char, 700> text_{};
  std::size_t size_ = 0;
};

// The file that is linked at this address, and where in it; a module's file is memory, whose name has its build id.
void say_frame(int index, const void* address) noexcept {
  Line line;
  (line << "#").number(static_cast<std::uint64_t>(index)) << " ";
  const auto at = reinterpret_cast<std::uintptr_t>(address);
#ifdef DLFO_STRUCT_HAS_EH_DBASE
  dl_find_object found{};
  if (::_dl_find_object(const_cast<void*>(address), &found) == 0 && found.dlfo_link_map != nullptr) {
    const char* name = found.dlfo_link_map->l_name;
    if (name == nullptr || *name == '\0') name = "/proc/self/exe";
    std::array<char, 400> target{};
    const bool is_link = std::string_view(name).starts_with("/proc/");
    const ssize_t size = is_link ? ::readlink(name, target.data(), target.size()) : -1;
    line << (size > 0 ? std::string_view(target.data(), static_cast<std::size_t>(size)) : std::string_view(name));
    (line << "+").hex(at - found.dlfo_link_map->l_addr);
    return;
  }
#endif
  line.hex(at);
}

void say_signal(const Fault& fault, const siginfo_t& info) noexcept {
  Line line;
  (line << "signal ").number(static_cast<std::uint64_t>(fault.signal))
      << " (" << fault.name << ", " << fault.what << ")";
  if (info.si_code > 0 && info.si_code != SI_KERNEL) {
    (line << " at address ").hex(reinterpret_cast<std::uintptr_t>(info.si_addr));
  } else if (info.si_code <= 0 && info.si_pid != ::getpid()) {
    (line << ", sent by process ").number(static_cast<std::uint64_t>(info.si_pid));
  }
  if (uncaught[0] != '\0') line << "; uncaught exception " << uncaught.data();
}

void say_what_ran() noexcept {
  Driver* driver = Driver::current();
  if (driver == nullptr) {
    Line() << "in a thread that runs no module";
    return;
  }
  const Container* container = driver->container();
  if (container == nullptr) {
    (Line() << "in the runtime, on worker ").number(driver->worker().index());
    return;
  }
  const Module& module = *container->pool.module;
  {
    Line line;
    (line << "in container " << container->pool.name << "/").number(container->index);
    if (driver->method() != nullptr) {
      line << ", method " << driver->method()->name;
    } else {
      line << ", in no method (its creation, its end, or work of its own)";
    }
    (line << ", worker ").number(driver->worker().index());
  }
  Line line;
  line << "module " << module.name() << " " << module.version() << ", ";
  if (module.path().empty()) {
    line << "built in";
  } else {
    line.padded(module.content_hash(), 16, "build ", 16) << ", from '" << module.path() << "'";
  }
}

void say_frames() noexcept {
  std::array<void*, kMostFrames> frames{};
  const int count = ::backtrace(frames.data(), kMostFrames);
  for (int i = 0; i < count; ++i) say_frame(i, frames[static_cast<std::size_t>(i)]);
}

bool are_one_file(int a, int b) noexcept {
  struct stat first{};
  struct stat second{};
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

const Fault& fault_of(int signal) noexcept {
  for (const Fault& fault : kFaults) {
    if (fault.signal == signal) return fault;
  }
  return kFaults.back();
}

// From here on the signal does what it does to a program that does not handle it. One that an instruction raised is
// raised by it again; another one is sent once more, and comes when the handler has returned.
void end_as_usual(int signal, const siginfo_t& info) noexcept {
  ::signal(signal, SIG_DFL);
  if (info.si_code > 0) return;
  (void)::syscall(SYS_tgkill, ::getpid(), this_thread(), signal);
}

void on_fault(int signal, siginfo_t* info, void*) {
  const int error = errno;
  pid_t nobody = 0;
  const pid_t self = this_thread();
  if (reporter.compare_exchange_strong(nobody, self)) {
    say_signal(fault_of(signal), *info);
    say_what_ran();
    say_frames();
  } else if (nobody != self) {
    const timespec moment{0, 1000000};  // the other thread ends the process
    for (unsigned i = 0; i < kOthersPatienceMs; ++i) ::nanosleep(&moment, nullptr);
  }
  end_as_usual(signal, *info);
  errno = error;
}

// On the thread that threw, where everything may be used; the report follows from abort().
[[noreturn]] void on_terminate() noexcept {
  const auto keep = [](std::string_view type, std::string_view text) {
    std::array<std::string_view, 3> parts{type, text.empty() ? "" : ": ", text};
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.copy(&uncaught[size], uncaught.size() - 1 - size);
  };
  if (const std::type_info* type = abi::__cxa_current_exception_type(); type != nullptr) {
    int status = 0;
    const char* name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);  // the process ends: kept
    try {
      throw;
    } catch (const std::exception& exception) {
      keep(name != nullptr ? name : type->name(), exception.what());
    } catch (...) {
      keep(name != nullptr ? name : type->name(), {});
    }
  }
  std::abort();
}

}  // namespace

void report_crashes(UniqueFd log) {
  log_fd = log.release();
  error_fd = are_one_file(log_fd, STDERR_FILENO) ? -1 : STDERR_FILENO;
  std::array<void*, 2> frames{};
  (void)::backtrace(frames.data(), static_cast<int>(frames.size()));  // loads what it needs; later there is no memory
  for (const Fault& fault : kFaults) {
    struct sigaction now{};
    if (::sigaction(fault.signal, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) continue;
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    (void)::sigaction(fault.signal, &action, nullptr);
  }
  std::set_terminate(on_terminate);
  installed.store(true);
}

CrashStack::CrashStack() noexcept {
  stack_t now{};
  if (!installed.load() || ::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
  void* memory = ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  now = {memory, 0, kStackSize};
  if (::sigaltstack(&now, nullptr) == 0) {
    memory_ = memory;
  } else {
    ::munmap(memory, kStackSize);
  }
}

CrashStack::~CrashStack() {
  if (memory_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  ::munmap(memory_, kStackSize);
}

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The reactor on io_uring.
#include "runtime/io_uring.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/system_call.h"

namespace chi::runtime {
namespace {

constexpr const char* kReactor = "reactor";
constexpr unsigned kEntries = 256;
constexpr std::uint64_t kLeastFixed = 4096;  // bytes of an operation for which registered memory is an advantage
constexpr std::uint64_t kWatchTag = 1;       // in the low bit of user data: an eventfd's poll, not an Operation
constexpr std::uint64_t kDeviceTag = 2;      // in the next one: an Operation of a device
constexpr std::uint64_t kEndTag = 2;         // beside it: what became of the end of a watch
constexpr std::uint64_t kAlarmTag = 4;       // in the third one: the alarm
constexpr unsigned kTagBits = 3;
constexpr std::uint64_t kNearNs = 2'000'000;  // a wait that an alarm may bound

constexpr std::uint64_t kUnchangedNs = 1'000'000;  // the longest wait while a watch has not begun
constexpr unsigned kBatchForDevice = 4;            // operations in a submission

std::uint64_t watch_data(std::uint64_t number) { return number << kTagBits | kWatchTag; }

__kernel_timespec timespec_of(std::uint64_t ns) {
  return {static_cast<long long>(ns / 1'000'000'000), static_cast<long long>(ns % 1'000'000'000)};
}

bool is_for_device(const chi_io& io) {
  return io.operation == CHI_IO_READ || io.operation == CHI_IO_WRITE || io.operation == CHI_IO_FSYNC ||
         io.operation == CHI_IO_FALLOCATE;
}

void prepare(io_uring_sqe* entry, const chi_io& io) {
  auto size = static_cast<unsigned>(io.size);
  switch (io.operation) {
    case CHI_IO_READ:
      io_uring_prep_read(entry, io.fd, io.data, size, io.offset);
      break;
    case CHI_IO_WRITE:
      io_uring_prep_write(entry, io.fd, io.data, size, io.offset);
      break;
    case CHI_IO_FSYNC:
      io_uring_prep_fsync(entry, io.fd, io.flags);
      break;
    case CHI_IO_POLL:
      io_uring_prep_poll_add(entry, io.fd, static_cast<unsigned>(io.offset));
      break;
    case CHI_IO_ACCEPT:
      io_uring_prep_accept(entry, io.fd, nullptr, nullptr, static_cast<int>(io.flags | SOCK_CLOEXEC));
      break;
    case CHI_IO_CONNECT:
      io_uring_prep_connect(entry, io.fd, static_cast<const sockaddr*>(io.data), static_cast<socklen_t>(io.size));
      break;
    case CHI_IO_RECV:
      io_uring_prep_recv(entry, io.fd, io.data, io.size, static_cast<int>(io.flags));
      break;
    case CHI_IO_SEND:
      io_uring_prep_send(entry, io.fd, io.data, io.size, static_cast<int>(io.flags | MSG_NOSIGNAL));
      break;
    case CHI_IO_FALLOCATE:
      io_uring_prep_fallocate(entry, io.fd, static_cast<int>(io.flags), static_cast<off_t>(io.offset),
                              static_cast<off_t>(io.size));
      break;
    default:
      io_uring_prep_nop(entry);
      entry->opcode = 0xff;  // a later module's, that nobody here knows: -EINVAL, not a success
      break;
  }
}

// What has ended waits until this worker looks, which it does often, instead of interrupting it: Linux 5.19 and newer.
// What a thread submitted whose handler never ends is seen when that next enters the kernel: at a tick, at the latest.
int make_ring(io_uring& ring) {
  int error = -EINVAL;
  for (const unsigned considerate : {IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, 0u}) {
    io_uring_params params{};
    params.flags = IORING_SETUP_CQSIZE | considerate;
    params.cq_entries = kEntries * 8;
    error = io_uring_queue_init_params(kEntries, &ring, &params);
    if (error != -EINVAL) break;
  }
  return error;
}

}  // namespace

Result<std::unique_ptr<IoUring>> IoUring::create(Clock& clock, unsigned worker) {
  std::unique_ptr<IoUring> out(new IoUring(clock, worker));
  if (int error = make_ring(out->ring_); error < 0) {
    return call_error("io_uring_setup, of Linux 5.13 and newer with kernel.io_uring_disabled=0", -error, kReactor);
  }
  out->ring_made_ = true;
  out->wake_fd_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!out->wake_fd_) return call_error("eventfd", errno, kReactor);
  out->watch(out->wake_fd_.get());
  return out;
}

IoUring::~IoUring() {
  files_->close();
  memory_->close();
  if (ring_made_) io_uring_queue_exit(&ring_);
}

io_uring_sqe* IoUring::next_entry() {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  if (!entry) {
    io_uring_submit(&ring_);
    unsubmitted_ = 0;
    entry = io_uring_get_sqe(&ring_);
  }
  if (entry) ++unsubmitted_;
  return entry;
}

// Of memory only together with a registered file: those are files and devices, which take it as they take any other.
void IoUring::use_registered(io_uring_sqe* entry, const chi_io& io, const Registered& registered) {
  if (const int file = registered.file->place_in(files_, 0); file != RingTable::kNone) {
    entry->fd = file;
    entry->flags |= IOSQE_FIXED_FILE;
  }
  const bool moves = io.operation == CHI_IO_READ || io.operation == CHI_IO_WRITE;
  if (!moves || !registered.memory || io.size < kLeastFixed || !registered.memory->contains(io.data, io.size)) return;
  const int memory = registered.memory->place_in(memory_, io.size);
  if (memory == RingTable::kNone) return;
  entry->opcode = io.operation == CHI_IO_READ ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED;
  entry->buf_index = static_cast<std::uint16_t>(memory);
}

bool IoUring::start(const chi_io& io, const Registered& registered, Operation& operation) {
  io_uring_sqe* entry = next_entry();
  if (!entry) return false;
  prepare(entry, io);
  if (registered.file) use_registered(entry, io, registered);
  entry->user_data = reinterpret_cast<std::uint64_t>(&operation);
  if (is_for_device(io)) {
    entry->user_data |= kDeviceTag;
    submit_for_device();
  }
  return true;
}

// A device begins when the kernel has the whole submission: with all of a turn in one, it would stand still while that
// is made ready, and then end it all at once, round after round. An idle one gets its first operation at once.
void IoUring::submit_for_device() {
  if (++at_device_ > 1 && unsubmitted_ < kBatchForDevice) return;
  io_uring_submit(&ring_);
  unsubmitted_ = 0;
}

// What the ring has no room for now is done before the next wait.
void IoUring::change(std::uint64_t number) {
  changes_.push_back(number);
  make_changes();
}

// Whether nothing is left to be done. A watch that has just been told of a write cannot be removed as a poll
// (EALREADY), and would stay for ever; to be cancelled takes any.
bool IoUring::make_changes() {
  while (!changes_.empty()) {
    io_uring_sqe* entry = next_entry();
    if (!entry) return false;
    const std::uint64_t number = changes_.back();
    changes_.pop_back();
    if (const auto watch = watched_.find(number); watch != watched_.end()) {
      io_uring_prep_poll_multishot(entry, watch->second, POLLIN);
      entry->user_data = watch_data(number);
    } else {
      io_uring_prep_cancel64(entry, watch_data(number), 0);
      entry->user_data = watch_data(number) | kEndTag;
    }
  }
  return true;
}

void IoUring::watch(int eventfd) {
  const std::uint64_t number = ++last_watch_;
  watched_.emplace(number, eventfd);
  change(number);
}

void IoUring::unwatch(int eventfd) {
  const auto watch = std::find_if(watched_.begin(), watched_.end(), [&](auto& each) { return each.second == eventfd; });
  if (watch == watched_.end()) return;
  const std::uint64_t number = watch->first;
  watched_.erase(watch);
  change(number);
  io_uring_submit(&ring_);  // before the caller closes it
  unsubmitted_ = 0;
}

unsigned IoUring::handle_completions() {
  unsigned ended = 0;
  io_uring_cqe* completion = nullptr;
  while (io_uring_peek_cqe(&ring_, &completion) == 0) {
    std::uint64_t data = completion->user_data;
    std::int32_t result = completion->res;
    bool more = completion->flags & IORING_CQE_F_MORE;
    io_uring_cqe_seen(&ring_, completion);
    if (data & kWatchTag) {
      // A multishot poll ends by itself when the ring overflows, and when the thread that armed it ends, as that of a
      // worker which was taken away does (driver.h): whoever drives the worker now arms it again.
      const std::uint64_t number = data >> kTagBits;
      const bool again = data & kEndTag ? result < 0 && result != -ENOENT : !more && watched_.contains(number);
      if (again) changes_.push_back(number);
      continue;
    }
    if (data & kAlarmTag) {
      alarm_ns_ = 0;
      continue;
    }
    ++ended;
    if (data & kDeviceTag) --at_device_;
    auto* operation = reinterpret_cast<Operation*>(data & ~kDeviceTag);
    operation->done(*operation, result);
  }
  return ended;
}

unsigned IoUring::poll() {
  if (unsubmitted_ != 0) {
    io_uring_submit(&ring_);
    unsubmitted_ = 0;
  }
  if (io_uring_cq_ready(&ring_) == 0) {
    const unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
    if ((flags & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN)) == 0) return 0;
    io_uring_get_events(&ring_);
  }
  return handle_completions();
}

// A bound of its own would cost each wait a timer to be set and taken back, each perhaps an exit of a virtual machine.
// One alarm stays set across short waits, and ends the one in which it goes off.
bool IoUring::alarm_bounds(std::uint64_t until_ns, std::uint64_t left_ns) {
  if (alarm_ns_ != 0) return alarm_ns_ <= until_ns;
  if (left_ns > kNearNs) return false;
  io_uring_sqe* entry = next_entry();
  if (!entry) return false;
  alarm_after_ = timespec_of(left_ns);
  io_uring_prep_timeout(entry, &alarm_after_, 0, 0);
  entry->user_data = kAlarmTag;
  alarm_ns_ = until_ns;
  return true;
}

void IoUring::wait(std::uint64_t until_ns) {
  io_uring_cqe* completion = nullptr;
  std::uint64_t now = clock_.now_ns();
  if (!make_changes()) [[unlikely]]
    until_ns = until_ns == 0 ? now + kUnchangedNs : std::min(until_ns, now + kUnchangedNs);
  std::uint64_t left = until_ns > now ? until_ns - now : 0;
  if (until_ns == 0 || alarm_bounds(until_ns, left)) {
    io_uring_submit_and_wait(&ring_, 1);
  } else {
    __kernel_timespec timeout = timespec_of(left);
    io_uring_submit_and_wait_timeout(&ring_, &completion, 1, &timeout, nullptr);
  }
  unsubmitted_ = 0;
  handle_completions();
}

void IoUring::wake() noexcept {
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t ignored = ::write(wake_fd_.get(), &one, sizeof one);
}

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A duty is a word that the partner sleeps on, as a futex, while it says `rest`.
#include "benchmark/floor_partner.h"

#include <fmt/format.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "base/file.h"

namespace chi::bench {
namespace {

constexpr unsigned kBurst = 32;
constexpr unsigned kTurnsBetweenYields = 4096;  // for machines of one CPU
constexpr unsigned kPatience = 5;               // seconds

using Word = std::atomic<std::uint32_t>;

// Returns after a second at the latest.
void futex_wait(Word& word, std::uint32_t expected) {
  const timespec limit{1, 0};
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT, expected, &limit, nullptr, 0);
}
void futex_wake(Word& word) {
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

Error cannot(const char* what) {
  return Error{errno_code(errno), fmt::format("cannot {}: {}", what, errno_text(errno)), "bench"};
}

}  // namespace

struct FloorPartner::Memory {
  alignas(64) Word duty;
  alignas(64) Word channels;
  alignas(64) Word question;  // counts them
  alignas(64) Word answer;
  BareChannel rings[kMaxBareChannels];
};

Result<std::unique_ptr<FloorPartner>> FloorPartner::start() {
  std::unique_ptr<FloorPartner> self(new FloorPartner);
  void* memory = ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return cannot("map memory for the floor");
  self->memory_ = static_cast<Memory*>(memory);  // zeroed
  self->eventfd_.reset(::eventfd(0, EFD_CLOEXEC));
  if (!self->eventfd_) return cannot("make an eventfd");
  for (BareChannel& channel : self->memory_->rings) self->clients_.emplace_back(channel);
  self->servers_.resize(kMaxBareChannels);
  const pid_t parent = ::getpid();
  self->pid_ = ::fork();
  if (self->pid_ < 0) return cannot("fork");
  if (self->pid_ == 0) self->serve(parent);
  return self;
}

FloorPartner::~FloorPartner() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (memory_) ::munmap(memory_, sizeof(Memory));
}

void FloorPartner::assign(Duty duty) {
  memory_->duty.store(static_cast<std::uint32_t>(duty), std::memory_order_release);
  futex_wake(memory_->duty);
}

void FloorPartner::spin(unsigned channels) {
  memory_->channels.store(std::min(channels, kMaxBareChannels), std::memory_order_relaxed);
  assign(Duty::spin);
}

void FloorPartner::sleep_on(Wake wake) { assign(wake == Wake::futex ? Duty::futex : Duty::eventfd); }

FloorPartner::Duty FloorPartner::duty() const noexcept {
  return static_cast<Duty>(memory_->duty.load(std::memory_order_acquire));
}

void FloorPartner::ask() {
  memory_->question.fetch_add(1, std::memory_order_release);
  if (duty() == Duty::eventfd) {
    const std::uint64_t one = 1;
    (void)!::write(eventfd_.get(), &one, sizeof(one));  // fails only when 2^64 questions were not read
  } else {
    futex_wake(memory_->question);
  }
}

bool FloorPartner::wake_up() {
  ask();
  const std::uint32_t asked = memory_->question.load(std::memory_order_relaxed);
  for (unsigned looks = 0; looks < kPatience; ++looks) {
    const std::uint32_t answered = memory_->answer.load(std::memory_order_acquire);
    if (answered == asked) return true;
    futex_wait(memory_->answer, answered);
  }
  return memory_->answer.load(std::memory_order_acquire) == asked;
}

void FloorPartner::rest() {
  const Duty before = duty();
  memory_->duty.store(static_cast<std::uint32_t>(Duty::rest), std::memory_order_release);
  if (before == Duty::spin || before == Duty::rest) return;
  // It looks at its duty only when it was asked something.
  memory_->question.fetch_add(1, std::memory_order_release);
  const std::uint64_t one = 1;
  (void)!::write(eventfd_.get(), &one, sizeof(one));
  futex_wake(memory_->question);
}

void FloorPartner::serve(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  if (::getppid() != parent) ::_exit(0);
  for (;;) {
    switch (const Duty given = duty()) {
      case Duty::rest:
        futex_wait(memory_->duty, static_cast<std::uint32_t>(given));
        break;
      case Duty::spin:
        serve_rings();
        break;
      case Duty::futex:
      case Duty::eventfd:
        serve_wake_ups(given);
        break;
    }
  }
}

void FloorPartner::serve_rings() {
  const std::uint32_t channels = memory_->channels.load(std::memory_order_relaxed);
  unsigned idle = 0;
  while (duty() == Duty::spin) {
    unsigned served = 0;
    for (std::uint32_t i = 0; i < channels; ++i) served += servers_[i].serve(memory_->rings[i], kBurst);
    idle = served ? 0 : idle + 1;
    if (idle >= kTurnsBetweenYields) {
      idle = 0;
      ::sched_yield();
    }
  }
}

void FloorPartner::serve_wake_ups(Duty given) {
  std::uint32_t answered = memory_->answer.load(std::memory_order_relaxed);
  do {
    while (memory_->question.load(std::memory_order_acquire) == answered) {
      std::uint64_t count = 0;
      if (given == Duty::futex) {
        futex_wait(memory_->question, answered);
      } else if (::read(eventfd_.get(), &count, sizeof(count)) < 0 && errno != EINTR) {
        ::_exit(1);
      }
    }
    answered = memory_->question.load(std::memory_order_acquire);
    memory_->answer.store(answered, std::memory_order_release);
    futex_wake(memory_->answer);
  } while (duty() == given);
}

}  // namespace chi::bench

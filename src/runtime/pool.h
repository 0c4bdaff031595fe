// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Pools and containers as the workers see them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "chimaera/bytes.h"
#include "chimaera/domain.h"
#include "runtime/abi_types.h"
#include "runtime/intrusive.h"
#include "runtime/lane_load.h"
#include "runtime/module_library.h"
#include "runtime/task.h"
#include "runtime/turn_queue.h"

namespace chi::runtime {

class Worker;
struct Pool;

// A container and its lane. All of it belongs to the thread that drives its owner, but for what is atomic. The owner
// changes when the lane moves (worker_moves.cc); only the owner gives it away, between two steps.
struct Container : chi_container {
  Container(Pool& in, std::uint32_t at, Worker& on)
      : pool(in), index(at), owner_(reinterpret_cast<std::uintptr_t>(&on)) {}

  Pool& pool;
  const std::uint32_t index;
  Worker& worker() const noexcept { return owner().worker(); }
  bool owned_by(const Worker& worker) const noexcept { return &owner().worker() == &worker; }
  Epoch epoch = 1;
  void* self = nullptr;  // the module's object; null until created

  struct Lane {
    TurnQueue<Task, &Task::next, &Task::session> tasks;  // admitted, not started
    Queue<chi_work, &chi_work::next> ready;              // parts of started ones
    Container* next_runnable = nullptr;
    bool runnable = false;  // on the worker's list, or just being run

    bool idle() const noexcept { return tasks.empty() && ready.empty(); }
  } lanes[2];  // by priority

  // Why nothing of it runs just now.
  bool stuck = false;    // its code holds another thread (driver.h)
  bool holding = false;  // `held` has something: see Worker::arrive

  // Tasks admitted and not completed, and what the module holds. Others read it as the container's load.
  std::atomic<std::uint32_t> running{0};
  std::atomic<std::uint64_t> completed{0};
  std::atomic<std::uint32_t> holds{0};

  LaneLoad load;

  // Barriers: a task counts in the newest group; a barrier closes that and is answered when it, and all before it, are
  // empty.
  struct Group {
    std::uint64_t number = 0;
    std::uint32_t running = 0;
    Task* barrier = nullptr;
  };
  Group newest;
  std::deque<Group> closed;  // oldest first

  List<Operator> operations;  // calls and timers of the container that no task is behind
  List<Task> parked;          // tasks that go on beyond their step, or wait for it

  // Nothing of it runs, waits or is held.
  bool quiet() const noexcept {
    return running.load(std::memory_order_relaxed) == 0 && holds.load(std::memory_order_relaxed) == 0 && !stuck &&
           !holding && detours == 0 && operations.empty() && lanes[0].idle() && lanes[1].idle();
  }

  // What keeps tasks in their callers' order when the lane moves; docs/design/0008-lane-moves.md. Each task that goes
  // by mail belongs to a lot, which changes with the owner: one word, so that a sender sees both or neither.
  class Owner {
   public:
    explicit Owner(std::uintptr_t word) noexcept : word_(word) {}
    Worker& worker() const noexcept { return *reinterpret_cast<Worker*>(word_ & ~std::uintptr_t{1}); }
    std::uint8_t lot() const noexcept { return word_ & 1; }

   private:
    std::uintptr_t word_;
  };
  Owner owner() const noexcept { return Owner(owner_.load(std::memory_order_acquire)); }
  // From then on everything of it is the new owner's.
  void give_to(Worker& worker) noexcept {
    auto next_lot = static_cast<std::uintptr_t>(owner().lot() ^ 1);
    owner_.store(reinterpret_cast<std::uintptr_t>(&worker) | next_lot, std::memory_order_release);
  }

  std::atomic<std::uint32_t> on_the_way[2]{};  // tasks, by mail, of each lot
  Queue<Task, &Task::next> held;               // arrived, but something older is still on its way
  std::uint32_t detours = 0;                   // tasks that went into the owner's own mail
  std::atomic<std::uint64_t> arrival{0};       // the number of its latest move among all lanes' moves; 0: none
  std::atomic<std::uint64_t> owners{0};        // a bit for each worker that has had it, once it has moved
  std::atomic<std::uint8_t> moves{0};          // as in the lane map

  std::uint32_t older_on_the_way() const noexcept {
    return on_the_way[owner().lot() ^ 1].load(std::memory_order_acquire);
  }
  bool mail_on_the_way() const noexcept {
    return on_the_way[0].load(std::memory_order_acquire) + on_the_way[1].load(std::memory_order_acquire) != 0;
  }

  DomainId id() const noexcept;
  std::string name() const;  // "pool/3"

 private:
  std::atomic<std::uintptr_t> owner_;  // the address of a worker, and the lot in its lowest bit
};

// Immutable once published, but for `draining`; outlives all its containers' tasks.
struct Pool {
  PoolId id = kNoPool;
  std::string name;
  std::shared_ptr<const Module> module;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0600;
  std::uint32_t lane_base = 0;
  Bytes config;  // as it was given
  std::vector<std::unique_ptr<Container>> containers;
  std::atomic<bool> draining{false};  // no new task is admitted

  // Whether a caller may call methods of this access (0 read, 1 write).
  // `groups`: the caller's supplementary ones.
  bool allows(std::uint32_t caller_uid, std::uint32_t caller_gid, std::span<const std::uint32_t> groups,
              bool write) const noexcept {
    unsigned want = write ? 2 : 4;
    if (caller_uid == uid) return mode >> 6 & want;
    if (caller_uid == 0) return true;
    const bool in_group = caller_gid == gid || std::find(groups.begin(), groups.end(), gid) != groups.end();
    return (in_group ? mode >> 3 : mode) & want;
  }
};

inline DomainId Container::id() const noexcept { return {pool.id, 0, index}; }
inline std::string Container::name() const { return pool.name + "/" + std::to_string(index); }

}  // namespace chi::runtime

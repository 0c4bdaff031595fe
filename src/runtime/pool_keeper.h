// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Makes pools out of modules, and takes them down again, without stopping the workers. Used by the control thread
// alone; what it does on workers it sends there and waits for.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "directory/directory.h"
#include "runtime/crew.h"
#include "runtime/lane_map.h"
#include "runtime/pool.h"

namespace chi::runtime {

struct PoolPlan {
  std::string name;
  std::shared_ptr<const Module> module;
  std::uint32_t containers = 1;
  std::uint32_t mode = 0600;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  OwnedMessage config;
  PoolId id = kNoPool;  // given for the admin pool; else the directory's next
};

class PoolKeeper {
 public:
  PoolKeeper(Crew& crew, LaneMapPublisher& lanes, Directory& directory, Clock& clock, Logger& log,
             std::uint64_t incarnation);

  // All containers or none. `until_ns`: of the clock.
  Result<std::shared_ptr<Pool>> create(PoolPlan plan, std::uint64_t until_ns);

  // Refuses new tasks, waits for those that run, then destroys. deadline_exceeded: something still ran; the pool stays
  // and serves again.
  Status destroy(const std::string& name, std::uint64_t until_ns);

  // Refuses new tasks everywhere and waits for those that run.
  void drain(std::uint64_t until_ns);

  // As destroy, for all; but nothing is waited for beyond `until_ns`; what still runs then is left as it is.
  void destroy_all(std::uint64_t until_ns);

  // Tells a worker that has just been made of all pools there are.
  void introduce(Worker& worker) const;

  std::shared_ptr<Pool> find(const std::string& name) const;
  // The answer to who asks for a pool that is not there: not_found, with the name that was probably meant.
  Error no_such_pool(const std::string& name) const;
  const std::map<std::string, std::shared_ptr<Pool>>& pools() const noexcept { return pools_; }

 private:
  struct Creation;
  class CreateJob;
  class DestroyJob;

  Result<PoolId> next_id();
  Status record(const Pool& pool);
  void place(Pool& pool);
  Status create_containers(const std::shared_ptr<Pool>& pool, const OwnedMessage& config, std::uint64_t until_ns);
  void destroy_containers(const std::shared_ptr<Pool>& pool, std::uint64_t until_ns);
  bool wait_for_mail(const Pool& pool, std::uint64_t until_ns) const;
  bool wait_until_idle(const std::shared_ptr<Pool>& pool, std::uint64_t until_ns);
  void take_down(const std::shared_ptr<Pool>& pool, std::uint64_t until_ns);
  std::chrono::nanoseconds left(std::uint64_t until_ns) const;

  Crew& crew_;
  LaneMapPublisher& lanes_;
  Directory& directory_;
  Clock& clock_;
  Logger& log_;
  const std::uint64_t incarnation_;
  std::map<std::string, std::shared_ptr<Pool>> pools_;
  std::vector<std::shared_ptr<Pool>> lost_;  // destroyed, but a task may still come that a handler holds up
};

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Sets up in an order that matters: the partner is forked while there is one thread, and nothing is bound to a CPU
// before it has counted how many there are, since a client or worker on a machine of one CPU does not spin.
#include "benchmark/stage.h"

#include <chimaera/admin.h>
#include <fmt/format.h>
#include <unistd.h>

namespace chi::bench {

Result<std::unique_ptr<Stage>> Stage::set_up(const Options& options) {
  std::unique_ptr<Stage> stage(new Stage(options));
  Result<std::unique_ptr<FloorPartner>> floor = FloorPartner::start();
  if (!floor.ok()) return std::move(floor).error();
  stage->floor_ = *std::move(floor);
  Status started = stage->start_daemon();
  if (!started.ok()) return std::move(started).error();
  Status bound = stage->bind_all();
  if (!bound.ok()) return std::move(bound).error();
  return stage;
}

Stage::~Stage() {
  if (client_ && !daemon_) {
    for (const std::string& pool : pools_) (void)client_->destroy_pool(pool);
  }
  release_client();
}

Result<Client> Stage::connect(ConnectOptions options) const {
  if (daemon_) {
    options.socket = daemon_->socket();
  } else {
    options.name = options_.daemon;
  }
  return Client::connect(options);
}

Status Stage::start_daemon() {
  if (options_.daemon.empty()) {
    Result<PrivateDaemon> daemon = PrivateDaemon::start(options_);
    if (!daemon.ok()) return std::move(daemon).error();
    daemon_.emplace(*std::move(daemon));
  }
  Result<Client> client = connect();
  if (!client.ok()) return std::move(client).error();
  client_.emplace(*std::move(client));
  const Result<admin::StatusReply> status = client_->admin().call<admin::GetStatus>().get();
  if (!status.ok()) return status.error();
  daemon_pid_ = static_cast<pid_t>(status->pid);
  return {};
}

Status Stage::bind_all() {
  // Where the daemon's threads are not ours to bind, a client on a CPU of its choice may share it with the worker.
  if (!daemon_) return {};
  const Placement& at = options_.placement;
  bind_client();
  std::vector<int> daemon_cpus = {at.worker};
  if (options_.workers > 1) {
    daemon_cpus.clear();
    for (int cpu : at.all) {
      if (cpu != at.client || at.one_cpu()) daemon_cpus.push_back(cpu);
    }
  }
  if (!bind_process(floor_->pid(), {at.worker}) || !bind_process(daemon_pid_, daemon_cpus)) {
    return Error{Code::failed_precondition, "cannot bind a process to a CPU: the kernel refuses sched_setaffinity",
                 "bench"};
  }
  return {};
}

Result<Pool> Stage::make_pool(const std::string& module, std::uint32_t containers, Bytes config) {
  const std::string name = fmt::format("bench-{}-{}-{}", module, pools_.size(), ::getpid());
  PoolOptions options;
  options.module = module;
  options.containers = containers;
  options.config = std::move(config);
  Result<Pool> pool = client_->create_pool(name, options);
  if (pool.ok()) pools_.push_back(name);
  return pool;
}

Status Stage::prepare_thread(const Pool& pool, unsigned index) const {
  release_client();
  const Result<admin::PoolInfo> info = pool.info();
  if (!info.ok()) return info.error();
  const std::vector<int>& cpus = options_.placement.clients;
  if (daemon_) (void)bind_thread({cpus[index % cpus.size()]});
  return {};
}

void Stage::bind_client() const { (void)bind_thread({options_.placement.client}); }

void Stage::release_client() const { (void)bind_thread(options_.placement.all); }

void Stage::time_floor(Samples& samples, std::chrono::nanoseconds slice) {
  floor_->spin(1);
  BareClient& ring = floor_->ring(0);
  const auto round_trip = [&ring] {
    ring.send();
    while (!ring.receive()) {
    }
    return true;
  };
  time_each(samples, slice / 10, round_trip);
  time_each(samples, slice, round_trip);
  floor_->rest();
}

}  // namespace chi::bench

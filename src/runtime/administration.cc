// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The verbs of chimaera/admin.h.
#include "runtime/administration.h"

#include <unistd.h>

#include <algorithm>

#include "base/process_usage.h"
#include "base/system_call.h"
#include "runtime/error_reply.h"
#include "runtime/lane_report.h"
#include "runtime/method_report.h"
#include "runtime/places.h"

namespace chi::runtime {
namespace {

admin::PoolInfo pool_info(const Pool& pool) {
  return {pool.id,
          pool.name,
          pool.module->name(),
          pool.module->version(),
          static_cast<std::uint32_t>(pool.containers.size()),
          pool.uid,
          pool.gid,
          pool.mode,
          pool.lane_base,
          pool.module->build()};
}

OwnedMessage encoded(const Error& error) {
  ErrorReply reply(error);
  return OwnedMessage(reply.answer().message);
}

}  // namespace

Administration::~Administration() { close(); }

Status Administration::open(Parts parts) {
  parts_ = std::make_unique<Parts>(std::move(parts));
  tracer_ = std::make_unique<Tracer>(parts_->crew, parts_->keeper);
  started_ns_ = parts_->clock.now_ns();
  open_ = true;
  auto thread = start_thread([this] { serve(); }, kControl);
  if (!thread) return std::move(thread).error();
  thread_ = std::move(*thread);
  return {};
}

void Administration::close() {
  std::deque<ControlCall*> rest;
  {
    std::lock_guard lock(mutex_);
    open_ = false;
    rest.swap(calls_);
  }
  more_.notify_all();
  for (ControlCall* call : rest)
    call->settle(Code::unavailable, encoded({Code::unavailable, "the daemon is ending", kControl}));
  if (thread_.joinable()) thread_.join();
}

void Administration::submit(ControlCall* call) {
  {
    std::lock_guard lock(mutex_);
    if (open_) {
      calls_.push_back(call);
      more_.notify_one();
      return;
    }
  }
  call->settle(Code::unavailable,
               encoded({Code::unavailable, "the daemon is starting or ending; try again", kControl}));
}

void Administration::post(std::function<void()> job) {
  std::lock_guard lock(mutex_);
  if (!open_) return;
  jobs_.push_back(std::move(job));
  more_.notify_one();
}

void Administration::serve() {
  std::unique_lock lock(mutex_);
  std::chrono::nanoseconds pause{0};
  for (;;) {
    more_.wait_for(lock, pause, [this] { return !open_ || !calls_.empty() || !jobs_.empty(); });
    if (!open_) return;
    ControlCall* call = nullptr;
    std::function<void()> job;
    if (!calls_.empty()) {
      call = calls_.front();
      calls_.pop_front();
    } else if (!jobs_.empty()) {
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    lock.unlock();
    if (call) handle(*call);
    if (job) job();
    pause = parts_->orchestrator.tick();
    lock.lock();
  }
}

template <class Req>
void Administration::handle_as(ControlCall& call) {
  auto request = decode_message<Req>(call.request.view());
  Result<typename Req::Reply> reply =
      request ? on(*request, call) : Result<typename Req::Reply>(std::move(request).error());
  if (!reply) return call.settle(reply.code(), encoded(reply.error()));
  std::uint8_t scratch[1024];
  Encoder encoder(scratch);
  encode_message(encoder, *reply);
  call.settle(Code::ok, OwnedMessage(encoder.message()));
}

template <class... Requests>
bool Administration::handle_one_of(ControlCall& call) {
  return ((call.verb == Requests::kMethod.id && (handle_as<Requests>(call), true)) || ...);
}

void Administration::handle(ControlCall& call) {
  const bool known =
      handle_one_of<admin::PoolCreate, admin::PoolDestroy, admin::PoolList, admin::PoolDescribe, admin::PoolFind,
                    admin::ModuleList, admin::ModuleDescribe, admin::ModuleLoad, admin::GetStatus, admin::Stop,
                    admin::Methods, admin::WorkersSet, admin::WorchShow, admin::WorchSet, admin::WorchRun,
                    admin::TraceStart, admin::TraceStop, admin::TraceRead, admin::Lanes>(call);
  if (!known) call.settle(Code::unimplemented, encoded({Code::unimplemented, "no such verb", kControl}));
}

std::uint64_t Administration::until(const ControlCall& call) const {
  std::uint64_t most = parts_->clock.now_ns() + 30'000'000'000;
  return call.deadline_ns != 0 ? std::min(call.deadline_ns, most) : most;
}

Result<std::shared_ptr<Pool>> Administration::pool_named(const std::string& name) const {
  if (auto pool = parts_->keeper.find(name)) return pool;
  return parts_->keeper.no_such_pool(name);
}

Result<admin::PoolInfo> Administration::on(const admin::PoolCreate& request, const ControlCall& call) {
  if (auto there = parts_->keeper.find(request.name); there && request.if_absent) {
    if (there->module->name() == request.module && there->containers.size() == request.containers)
      return pool_info(*there);
    return Error{Code::already_exists,
                 "the pool '" + request.name + "' is there with module " + there->module->name() + " and " +
                     std::to_string(there->containers.size()) + " containers",
                 kControl};
  }
  auto module = parts_->shelf.get(request.module);
  if (!module) return std::move(module).error();
  PoolPlan plan;
  plan.name = request.name;
  plan.module = *module;
  plan.containers = request.containers;
  plan.mode = request.mode;
  plan.uid = call.uid;
  plan.gid = call.gid;
  chi_message config{request.config.data(), static_cast<std::uint32_t>(request.config.size()), 0, nullptr};
  plan.config.copy(config);
  auto pool = parts_->keeper.create(std::move(plan), until(call));
  if (!pool) return std::move(pool).error();
  parts_->orchestrator.event("pool created");
  return pool_info(**pool);
}

Result<admin::Nothing> Administration::on(const admin::PoolDestroy& request, const ControlCall& call) {
  auto pool = pool_named(request.name);
  if (!pool) return std::move(pool).error();
  if (call.uid != (*pool)->uid && call.uid != 0 && call.uid != ::geteuid()) {
    return Error{Code::permission_denied,
                 "the pool '" + request.name + "' is uid " + std::to_string((*pool)->uid) +
                     "'s; only that user, the daemon's and root may destroy it",
                 kControl};
  }
  if (auto destroyed = parts_->keeper.destroy(request.name, until(call)); !destroyed) return destroyed.error();
  return admin::Nothing{};
}

Result<admin::PoolListReply> Administration::on(const admin::PoolList&, const ControlCall&) {
  admin::PoolListReply reply;
  for (auto& [name, pool] : parts_->keeper.pools()) reply.pools.push_back(pool_info(*pool));
  return reply;
}

Result<admin::PoolDescription> Administration::on(const admin::PoolDescribe& request, const ControlCall&) {
  auto pool = pool_named(request.name);
  if (!pool) return std::move(pool).error();
  const char* schema = (*pool)->module->table().config_schema;
  admin::PoolDescription reply{pool_info(**pool), {}, (*pool)->config, schema ? schema : ""};
  for (auto& container : (*pool)->containers) {
    reply.containers.push_back({container->index, 0, container->worker().index(), container->epoch,
                                container->running.load(std::memory_order_relaxed),
                                container->completed.load(std::memory_order_relaxed)});
  }
  return reply;
}

Result<admin::PoolInfo> Administration::on(const admin::PoolFind& request, const ControlCall&) {
  auto pool = pool_named(request.name);
  if (!pool) return std::move(pool).error();
  return pool_info(**pool);
}

std::uint32_t Administration::pools_of(const Module& module) const {
  std::uint32_t count = 0;
  for (auto& [name, pool] : parts_->keeper.pools()) count += pool->module->name() == module.name();
  return count;
}

std::vector<admin::ModuleUse> Administration::uses_of(const Module& module) const {
  std::vector<admin::ModuleUse> out;
  for (auto& [name, pool] : parts_->keeper.pools()) {
    const Module& its = *pool->module;
    if (its.name() == module.name()) out.push_back({name, its.version(), its.build(), its.build() == module.build()});
  }
  return out;
}

admin::ModuleInfo Administration::info_of(const Module& module) const {
  return {module.name(), module.version(), module.path(), true, pools_of(module), {}, module.build(), uses_of(module)};
}

Result<admin::ModuleListReply> Administration::on(const admin::ModuleList&, const ControlCall&) {
  admin::ModuleListReply reply;
  for (auto& [name, module] : parts_->shelf.loaded()) reply.modules.push_back(info_of(*module));
  for (auto& found : parts_->shelf.repo().list()) {
    auto loaded = parts_->shelf.loaded().find(found.name);
    bool same = loaded != parts_->shelf.loaded().end() && loaded->second->path() == found.library;
    if (same && found.version == loaded->second->version()) continue;
    reply.modules.push_back({found.name, found.version, found.library, false, 0, found.problem, {}, {}});
  }
  return reply;
}

Result<admin::ModuleDescription> Administration::on(const admin::ModuleDescribe& request, const ControlCall&) {
  auto module = parts_->shelf.get(request.name);
  if (!module) return std::move(module).error();
  const chi_module& table = (*module)->table();
  auto text = [](const char* from) { return std::string(from ? from : ""); };
  admin::ModuleDescription reply{info_of(**module),         table.abi_version,        table.state_version,
                                 text(table.config_schema), text(table.state_schema), {}};
  for (const chi_method* method : (*module)->methods()) {
    reply.methods.push_back({method->id, method->name, (method->flags & CHI_ACCESS_WRITE) != 0,
                             (method->flags & CHI_METHOD_COROUTINE) != 0, method->merge != nullptr, method->route,
                             method->route_field, text(method->request_schema), text(method->reply_schema),
                             (method->flags & CHI_METHOD_LONG_RUNNING) != 0});
  }
  return reply;
}

Result<admin::ModuleInfo> Administration::on(const admin::ModuleLoad& request, const ControlCall&) {
  auto module = parts_->shelf.load(request.name, request.allow_older);
  if (!module) return std::move(module).error();
  admin::ModuleInfo info = info_of(**module);
  const auto older =
      std::count_if(info.in_use.begin(), info.in_use.end(), [](const auto& use) { return !use.current; });
  parts_->log.info("module '{}' {} build {} loaded from '{}'; pools that go on with other code: {}", info.name,
                   info.version, info.build, info.path, older);
  return info;
}

Result<admin::StatusReply> Administration::on(const admin::GetStatus&, const ControlCall& call) {
  admin::StatusReply reply;
  reply.name = parts_->name;
  reply.version = CHI_VERSION;
  reply.pid = static_cast<std::uint32_t>(::getpid());
  reply.incarnation = parts_->incarnation;
  reply.uptime_s = static_cast<double>(parts_->clock.now_ns() - started_ns_) / 1e9;
  reply.resident_bytes = process_usage().resident_bytes.value_or(0);
  reply.sessions = parts_->listener.sessions();
  reply.pools = on(admin::PoolList{}, call)->pools;
  reply.stuck = report_stuck(parts_->crew, parts_->keeper, parts_->clock);
  std::vector<std::uint32_t> containers(parts_->crew.size());
  for (auto& [name, pool] : parts_->keeper.pools()) {
    for (auto& container : pool->containers) ++containers[container->worker().index()];
  }
  for (std::uint32_t i = 0; i < parts_->crew.size(); ++i) {
    const Worker& worker = parts_->crew.worker(i);
    const WorkerCounts& counts = worker.counts();
    reply.workers.push_back({i, counts.tasks.load(), counts.sleeps.load(), containers[i], worker.queued(),
                             counts.replaced.load(), i < parts_->crew.active(), worker.never_sleeps(),
                             parts_->crew.cpus(i)});
    reply.failed_forgotten += counts.failed_forgotten.load();
  }
  reply.worker_limit = parts_->crew.limit();
  return reply;
}

Result<admin::WorkersReply> Administration::on(const admin::WorkersSet& request, const ControlCall&) {
  auto set = parts_->workforce.set(request.count, request.dedicated);
  tracer_->include_new_workers();
  if (!set) return set.error();
  return parts_->workforce.reply();
}

Result<admin::WorchReply> Administration::on(const admin::WorchShow&, const ControlCall&) {
  return parts_->orchestrator.show();
}

Result<admin::WorchReply> Administration::on(const admin::WorchSet& request, const ControlCall&) {
  if (auto done = parts_->orchestrator.set(request.kind, request.module); !done) return done.error();
  return parts_->orchestrator.show();
}

Result<admin::WorchReply> Administration::on(const admin::WorchRun& request, const ControlCall&) {
  if (auto done = parts_->orchestrator.run(request.kind); !done) return done.error();
  return parts_->orchestrator.show();
}

Result<admin::MethodsReply> Administration::on(const admin::Methods&, const ControlCall&) {
  return report_methods(parts_->crew);
}

Result<admin::TraceStartReply> Administration::on(const admin::TraceStart& request, const ControlCall&) {
  return tracer_->start(request);
}

Result<admin::TraceStopReply> Administration::on(const admin::TraceStop&, const ControlCall&) {
  return tracer_->stop();
}

Result<admin::TraceReadReply> Administration::on(const admin::TraceRead& request, const ControlCall&) {
  return tracer_->read(request);
}

Result<admin::LanesReply> Administration::on(const admin::Lanes& request, const ControlCall&) {
  return report_lanes(parts_->crew, parts_->keeper, parts_->clock, request.begin);
}

Result<admin::Nothing> Administration::on(const admin::Stop& request, const ControlCall&) {
  parts_->stop(request.grace_ms);
  return admin::Nothing{};
}

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// When policies are asked, and how their answers are carried out.
#include "runtime/orchestrator.h"

#include <fmt/format.h>

#include <algorithm>

#include "chimaera/statistics.h"
#include "runtime/places.h"
#include "runtime/topology.h"

namespace chi::runtime {
namespace {

constexpr std::chrono::milliseconds kMovePatience(300);  // a handler may hold its worker so long, and is then left
constexpr std::chrono::milliseconds kDropPatience(500);  // for what a policy still does when another is in charge
constexpr std::chrono::milliseconds kIdleLook(500);
constexpr unsigned kLooksInPeriod = 4;      // for imbalance
constexpr std::uint64_t kShareOfTime = 20;  // questions take no more than one in so many parts of it
constexpr unsigned kProcPeriods = 20;       // CPUs change less often than loads
constexpr std::uint64_t kIdleTasks = 64;    // in a period, of all workers: not worth a question
constexpr std::uint64_t kIdleShare = 20;    // nor so small a part of one worker's time
constexpr double kBusy = 0.9;               // shares of a worker's time: one above this ...
constexpr double kLeisure = 0.5;            // ... beside another below this is an imbalance

Policy::Parts policy_parts(const Orchestrator::Parts& parts) {
  return {parts.crew, parts.keeper, parts.shelf, parts.clock, parts.log};
}

}  // namespace

Orchestrator::Orchestrator(const Parts& parts, const Config::Worch& config)
    : parts_(parts),
      config_(config),
      reader_(parts.crew, parts.keeper, parts.clock),
      mover_(parts.crew),
      queue_("queue", worch::AssignLanes::kMethod, policy_parts(parts)),
      proc_("proc", worch::AssignCpus::kMethod, policy_parts(parts)) {}

void Orchestrator::start() {
  auto begin = [this](Policy& policy, const std::string& name) {
    if (name.empty()) return;
    const std::string module = policy.full_name(name);
    if (auto ready = policy.prepare(module); !ready) {
      return parts_.log.warning("no policy of the kind '{}' is in charge: {}", policy.kind(), ready.error().text);
    }
    policy.use(module, kDropPatience);
  };
  begin(queue_, config_.queue);
  begin(proc_, config_.proc);
  event("start");
}

Result<Policy*> Orchestrator::policy_of(const std::string& kind) {
  if (kind == queue_.kind()) return &queue_;
  if (kind == proc_.kind()) return &proc_;
  return Error{Code::invalid_argument,
               "no policy has the kind '" + kind.substr(0, 64) +
                   "': it is 'queue' (lanes to workers) or 'proc' (workers to CPUs)",
               kOrchestration};
}

worch::View Orchestrator::look(const std::string& reason) {
  worch::View view = reader_.read();
  view.reason = reason;
  const std::uint32_t active = parts_.crew.active();
  std::erase_if(view.workers, [active](auto& worker) { return worker.index >= active; });
  for (auto& worker : view.workers) {
    worker.dedicated = parts_.crew.worker(worker.index).never_sleeps();
    worker.cpus = parts_.crew.cpus(worker.index);
  }
  const CpuLimits limits = parts_.cpus.limits();
  view.cpu_limit = limits.limit;
  if (limits.allowed != known_allowed_) {
    known_cpus_ = read_cpus(limits.allowed);
    known_allowed_ = limits.allowed;
  }
  view.cpus = known_cpus_;
  cpu_load_.look(view.cpus, parts_.crew.threads());
  return view;
}

Status Orchestrator::ask_queue(const std::string& module, const worch::View& view) {
  const std::uint64_t begin = parts_.clock.now_ns();
  ++own_tasks_;
  auto answer = queue_.ask<worch::AssignLanes>(module, view, config_.patience);
  if (!answer) return answer.error();
  if (queue_.module() != module) queue_.use(module, kDropPatience);
  queue_.count_round(view.reason, answer->why, parts_.clock.now_ns() - begin);
  take(view, *answer);
  return {};
}

Status Orchestrator::ask_proc(const std::string& module, const worch::View& view) {
  const std::uint64_t begin = parts_.clock.now_ns();
  ++own_tasks_;
  auto answer = proc_.ask<worch::AssignCpus>(module, view, config_.patience);
  if (!answer) return answer.error();
  if (proc_.module() != module) proc_.use(module, kDropPatience);
  proc_.count_round(view.reason, answer->why, parts_.clock.now_ns() - begin);
  take(*answer);
  return {};
}

Status Orchestrator::round(Policy& policy, const worch::View& view) {
  if (policy.module().empty()) return {};
  Status done = &policy == &queue_ ? ask_queue(policy.module(), view) : ask_proc(policy.module(), view);
  if (!done) policy.count_refusal(view.reason, done.error());
  return done;
}

void Orchestrator::take(const worch::View& view, const worch::LaneAssignment& answer) {
  std::map<PoolId, std::shared_ptr<Pool>> pools;
  for (auto& [name, pool] : parts_.keeper.pools()) pools[pool->id] = pool;
  std::map<std::pair<PoolId, std::uint32_t>, std::uint32_t> before;
  for (auto& lane : view.lanes) before[{lane.pool, lane.container}] = lane.worker;
  std::erase_if(why_lane_, [&pools](auto& lane) { return !pools.contains(lane.first.first); });
  std::vector<LaneMover::Order> orders;
  for (auto& place : answer.lanes) {
    const std::pair id{place.pool, place.container};
    if (before[id] == place.worker) continue;
    auto pool = pools.find(place.pool);
    if (pool == pools.end()) continue;  // it has gone since the view, as the pool of the policy that was in charge has
    orders.push_back({pool->second, place.container, place.worker});
    why_lane_[id] = {place.worker, place.why.empty() ? queue_.module() : place.why};
  }
  move(orders);
}

void Orchestrator::move(const std::vector<LaneMover::Order>& orders) {
  const LaneMover::Outcome outcome = mover_.move(orders, kMovePatience);
  moves_refused_ += outcome.refused + outcome.late;
  if (!orders.empty()) {
    parts_.log.debug("{} lanes moved, {} could not be, {} will be when their worker comes to it", outcome.moved,
                     outcome.refused, outcome.late);
  }
}

void Orchestrator::take(const worch::CpuAssignment& answer) {
  for (auto& place : answer.workers) {
    parts_.crew.bind(place.worker, place.cpus);
    why_worker_[place.worker] = place.why.empty() ? proc_.module() : place.why;
  }
}

// Those too that are not active: they may come back.
void Orchestrator::unbind() {
  for (std::uint32_t i = 0; i < parts_.crew.size(); ++i) parts_.crew.bind(i, {});
  why_worker_.clear();
}

Status Orchestrator::set(const std::string& kind, const std::string& name) {
  auto policy = policy_of(kind);
  if (!policy) return policy.error();
  if (name.empty()) {
    (*policy)->use({}, kDropPatience);
    if (*policy == &proc_) unbind();
    return {};
  }
  const std::string module = (*policy)->full_name(name);
  const bool was_there = parts_.keeper.find(module) != nullptr;
  if (auto ready = (*policy)->prepare(module); !ready) return ready;
  const worch::View view = look("set");
  Status done = *policy == &queue_ ? ask_queue(module, view) : ask_proc(module, view);
  if (done) return done;
  Error error = done.error();
  (*policy)->count_refused();
  const std::string& stays = (*policy)->module();
  error.text = fmt::format("{} is not put in charge, {} stays: {}", module, stays.empty() ? "none" : stays, error.text);
  parts_.log.warning("{}", error.text);
  if (!was_there) (*policy)->drop(module, kDropPatience);
  return error;
}

Status Orchestrator::run(const std::string& kind) {
  if (!kind.empty()) {
    if (auto known = policy_of(kind); !known) return known.error();
  }
  const worch::View view = look("asked");
  Status all;
  for (Policy* policy : {&queue_, &proc_}) {
    if (!kind.empty() && kind != policy->kind()) continue;
    if (auto done = round(*policy, view); !done) all = done;
  }
  return all;
}

void Orchestrator::event(const std::string& reason) {
  if (queue_.module().empty() && proc_.module().empty()) return;
  const worch::View view = look(reason);
  if (parts_.crew.active() > 1) static_cast<void>(round(queue_, view));
  static_cast<void>(round(proc_, view));
}

void Orchestrator::workers_changed() {
  event("workers changed");
  evacuate();
}

// What the policy did not take from workers that are not active any more.
void Orchestrator::evacuate() {
  const std::uint32_t active = parts_.crew.active();
  if (active == parts_.crew.size()) return;
  std::vector<LaneMover::Order> orders;
  for (auto& [name, pool] : parts_.keeper.pools()) {
    for (auto& container : pool->containers) {
      if (container->worker().index() < active) continue;
      const auto to = static_cast<std::uint32_t>(orders.size() % active);
      orders.push_back({pool, container->index, to});
      why_lane_[{pool->id, container->index}] = {to, "its worker is not active any more"};
    }
  }
  move(orders);
}

Orchestrator::Activity Orchestrator::activity() const {
  Activity out;
  out.at_ns = parts_.clock.now_ns();
  for (std::uint32_t i = 0; i < parts_.crew.active(); ++i) {
    Worker& worker = parts_.crew.worker(i);
    out.tasks += worker.counts().tasks.load(std::memory_order_relaxed);
    out.busy_ns.push_back(worker.meter().busy_ns());
  }
  return out;
}

// Few tasks, and little time in handlers: a few long ones are a load, too.
bool Orchestrator::is_idle(const Activity& now) const {
  if (now.tasks - looked_at_.tasks >= kIdleTasks + own_tasks_) return false;
  if (now.busy_ns.size() != looked_at_.busy_ns.size()) return false;
  std::uint64_t busy = 0;
  for (std::size_t i = 0; i < now.busy_ns.size(); ++i) busy += now.busy_ns[i] - looked_at_.busy_ns[i];
  return busy * kIdleShare < now.at_ns - looked_at_.at_ns;
}

bool Orchestrator::is_unbalanced(const Activity& now) const {
  if (now.busy_ns.size() != looked_at_.busy_ns.size() || now.busy_ns.empty() || now.at_ns == looked_at_.at_ns) {
    return false;
  }
  double most = 0;
  double least = 1;
  for (std::size_t i = 0; i < now.busy_ns.size(); ++i) {
    const double share =
        static_cast<double>(now.busy_ns[i] - looked_at_.busy_ns[i]) / static_cast<double>(now.at_ns - looked_at_.at_ns);
    most = std::max(most, share);
    least = std::min(least, share);
  }
  return most > kBusy && least < kLeisure;
}

std::chrono::nanoseconds Orchestrator::tick() {
  if (config_.period.count() == 0) {
    evacuate();
    return kIdleLook;
  }
  const Activity now = activity();
  const auto period = static_cast<std::uint64_t>(config_.period.count());
  const bool idle = is_idle(now);
  const bool due = now.at_ns >= next_queue_ns_;
  const bool unbalanced = !idle && now.at_ns + period >= next_queue_ns_ && is_unbalanced(now);
  if (due || unbalanced) {
    own_tasks_ = 0;
    looked_at_ = now;
    next_queue_ns_ = now.at_ns + period;
    if (!idle) {
      const worch::View view = look(due ? "period" : "imbalance");
      if (parts_.crew.active() > 1) static_cast<void>(round(queue_, view));
      if (now.at_ns >= next_proc_ns_) {
        next_proc_ns_ = now.at_ns + kProcPeriods * period;
        static_cast<void>(round(proc_, view));
      }
      const std::uint64_t took = parts_.clock.now_ns() - now.at_ns;
      next_queue_ns_ = now.at_ns + std::max(period, kShareOfTime * took);
    }
    evacuate();
  }
  return idle ? std::max<std::chrono::nanoseconds>(kIdleLook, config_.period) : config_.period / kLooksInPeriod;
}

std::vector<admin::PolicyInfo> Orchestrator::policies() const {
  std::vector<admin::PolicyInfo> out{queue_.info(), proc_.info()};
  out[0].kind = queue_.kind();
  out[1].kind = proc_.kind();
  return out;
}

std::string Orchestrator::why_there(const Container& container) const {
  if (value_of(container.moves) == 0) return "was made there";
  const auto ordered = why_lane_.find({container.pool.id, container.index});
  const bool obeyed = ordered != why_lane_.end() && ordered->second.worker == container.worker().index();
  return obeyed ? ordered->second.why : "";
}

admin::WorchReply Orchestrator::show() const {
  admin::WorchReply reply;
  reply.policies = policies();
  std::uint64_t buckets[std::size(PauseCounts{}.buckets)] = {};
  for (std::uint32_t i = 0; i < parts_.crew.size(); ++i) {
    const PauseCounts& pauses = parts_.crew.worker(i).counts().pauses;
    for (std::size_t k = 0; k < std::size(buckets); ++k) buckets[k] += pauses.buckets[k].load();
    reply.moves += pauses.moves.load();
    reply.pause_longest_ns = std::max(reply.pause_longest_ns, pauses.longest_ns.load());
    if (i >= parts_.crew.active()) continue;
    auto why = why_worker_.find(i);
    reply.workers.push_back({i, parts_.crew.cpus(i), why == why_worker_.end() ? "" : why->second});
  }
  if (reply.moves != 0) {
    // Of a bucket it is known only where it begins and ends.
    auto percentile = [&](double of) {
      return std::min(static_cast<std::uint64_t>(percentile_ns(buckets, of)), reply.pause_longest_ns);
    };
    reply.pause_p50_ns = percentile(0.5);
    reply.pause_p99_ns = percentile(0.99);
  }
  reply.moves_refused = moves_refused_;
  for (auto& [name, pool] : parts_.keeper.pools()) {
    for (auto& container : pool->containers) {
      reply.lanes.push_back({pool->id, container->name(), container->worker().index(), why_there(*container)});
    }
  }
  return reply;
}

}  // namespace chi::runtime

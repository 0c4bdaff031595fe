// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Names, help texts, and where the numbers are.
#include "runtime/node_metrics.h"

#include <array>
#include <map>

#include "base/process_usage.h"
#include "runtime/method_report.h"

namespace chi::runtime {
namespace {

using metrics::Families;
using metrics::seconds;

constexpr std::chrono::milliseconds kControlPatience(500);

void add_process(Families& families) {
  const ProcessUsage usage = process_usage();
  auto known = [](Families& family, auto value) {
    if (value) family.add(*value);
  };
  known(families.counter("process_cpu_seconds_total", "CPU time of the process, in user code and in the kernel."),
        usage.cpu_seconds);
  known(families.gauge("process_start_time_seconds", "When the process began, since 1970."), usage.start_seconds);
  known(families.gauge("process_resident_memory_bytes", "Resident memory of the process."), usage.resident_bytes);
  known(families.gauge("process_virtual_memory_bytes", "Virtual memory of the process."), usage.virtual_bytes);
  known(families.gauge("process_open_fds", "Descriptors that the process has open."), usage.open_files);
  known(families.gauge("process_max_fds", "Descriptors that it may have open."), usage.max_files);
}

void add_pools(Families& families, const ControlReport& report) {
  auto each = [&](Families& family, auto value) {
    for (auto& pool : report.pools) family.add(value(pool), {{"pool", pool.name}, {"module", pool.module}});
  };
  each(families.gauge("chimaera_pool_containers", "Containers of a pool."), [](auto& p) { return p.containers; });
  each(families.counter("chimaera_pool_tasks_total", "Tasks that a pool has completed."),
       [](auto& p) { return p.completed; });
  each(families.gauge("chimaera_pool_running_tasks", "Tasks admitted and not completed, those that wait included."),
       [](auto& p) { return p.running; });
  each(families.gauge("chimaera_pool_queued_tasks", "Tasks admitted and not begun."), [](auto& p) { return p.queued; });
  each(families.counter("chimaera_pool_handler_seconds_total", "Time in handlers; an estimate where they are short."),
       [](auto& p) { return seconds(p.handler_ns); });
  each(families.counter("chimaera_pool_wait_seconds_total", "Time of tasks from admission to their begin, estimated."),
       [](auto& p) { return seconds(p.wait_ns); });
  each(families.counter("chimaera_pool_bytes_total", "Bytes of requests and replies, buffers included."),
       [](auto& p) { return p.bytes; });
}

void add_control(Families& families, const ControlReport& report) {
  add_pools(families, report);
  families.gauge("chimaera_module_info", "A module that is loaded; always 1.");
  for (auto& [name, version] : report.modules) families.add(std::uint64_t{1}, {{"module", name}, {"version", version}});
  families.gauge("chimaera_worker_lanes", "Containers whose lane is with a worker.");
  for (std::size_t i = 0; i < report.lanes.size(); ++i) families.add(report.lanes[i], {{"worker", std::to_string(i)}});
  families.counter("chimaera_lane_moves_refused_total", "Moves of lanes that could not be done at the moment.")
      .add(report.moves_refused);
  auto each = [&](Families& family, auto value) {
    for (auto& policy : report.policies) family.add(value(policy), {{"kind", policy.kind}});
  };
  families.gauge("chimaera_policy_info", "The policy in charge of a kind of work orchestration; always 1.");
  for (auto& policy : report.policies) {
    if (!policy.module.empty())
      families.add(std::uint64_t{1}, {{"kind", policy.kind}, {"module", policy.module}, {"version", policy.version}});
  }
  each(families.counter("chimaera_policy_rounds_total", "Answers of policies that were taken."),
       [](auto& p) { return p.rounds; });
  each(
      families.counter("chimaera_policy_refused_total", "Answers that were not, with those that did not come in time."),
      [](auto& p) { return p.refused; });
  each(families.gauge("chimaera_policy_answer_seconds", "From the latest question to its answer."),
       [](auto& p) { return seconds(p.took_ns); });
}

}  // namespace

std::optional<ControlReport> NodeMetrics::ask() const {
  std::unique_lock lock(question_->mutex);
  if (!question_->pending) {
    question_->pending = true;
    parts_.administration.post([question = question_, &parts = parts_] {
      ControlReport report = report_control(parts.keeper, parts.shelf, parts.orchestrator, parts.crew.size());
      std::lock_guard answering(question->mutex);
      question->answer = std::move(report);
      question->pending = false;
      question->answered.notify_all();
    });
  }
  if (!question_->answered.wait_for(lock, kControlPatience, [this] { return !question_->pending; })) return {};
  return std::exchange(question_->answer, std::nullopt);
}

std::vector<prometheus::MetricFamily> NodeMetrics::Collect() const {
  Families families;
  add_node(families);
  add_process(families);
  add_sessions(families);
  add_workers(families);
  add_moves(families);
  add_methods(families);
  const auto report = ask();
  families
      .gauge("chimaera_control_up", "Whether the control thread answered; without it, pools and policies are missing.")
      .add(std::uint64_t{report.has_value()});
  if (report) add_control(families, *report);
  return families.take();
}

void NodeMetrics::add_node(Families& families) const {
  families.gauge("chimaera_build_info", "The version of Chimaera; always 1.")
      .add(std::uint64_t{1}, {{"version", CHI_VERSION}});
  families.gauge("chimaera_node_info", "The name of the daemon; always 1.")
      .add(std::uint64_t{1}, {{"name", parts_.name}});
  families.gauge("chimaera_start_time_seconds", "When the node began, since 1970.")
      .add(static_cast<double>(parts_.incarnation) / 1e3);
}

void NodeMetrics::add_sessions(Families& families) const {
  const auto sessions = parts_.listener.sessions();
  std::uint64_t streams = 0;
  std::uint64_t memory = 0;
  for (auto& session : sessions) {
    streams += session.streams;
    memory += session.memory;
  }
  families.gauge("chimaera_sessions", "Client processes that are connected.").add(std::uint64_t{sessions.size()});
  families.gauge("chimaera_session_streams", "Streams of all sessions.").add(streams);
  families.gauge("chimaera_session_memory_bytes", "Shared memory of all sessions.").add(memory);
}

void NodeMetrics::add_workers(Families& families) const {
  Crew& crew = parts_.crew;
  const std::uint32_t active = crew.active();
  families.gauge("chimaera_workers", "Workers that share the work.").add(std::uint64_t{active});
  families.gauge("chimaera_workers_limit", "Most that there can be.").add(std::uint64_t{crew.limit()});
  auto each = [&](Families& family, auto value) {
    for (std::uint32_t i = 0; i < crew.size(); ++i) family.add(value(crew.worker(i)), {{"worker", std::to_string(i)}});
  };
  each(families.gauge("chimaera_worker_active", "1: the worker shares the work; 0: it has no lanes, and sleeps."),
       [active](Worker& w) { return std::uint64_t{w.index() < active}; });
  each(families.counter("chimaera_worker_tasks_total", "Tasks that a worker has completed."),
       [](Worker& w) { return w.counts().tasks.load(); });
  each(families.counter("chimaera_worker_busy_seconds_total", "Time in handlers; an estimate where they are short."),
       [](Worker& w) { return seconds(w.meter().busy_ns()); });
  each(families.counter("chimaera_worker_sleeps_total", "Times that a worker had nothing to do and slept."),
       [](Worker& w) { return w.counts().sleeps.load(); });
  each(families.gauge("chimaera_worker_queued_tasks", "Tasks that wait for a worker."),
       [](Worker& w) { return std::uint64_t{w.queued()}; });
  each(families.counter("chimaera_worker_replaced_total", "Handlers that would not end and got a thread of their own."),
       [](Worker& w) { return std::uint64_t{w.counts().replaced.load()}; });
  each(families.counter("chimaera_worker_forgotten_failures_total",
                        "Fire-and-forget and periodic tasks that ended in an error, which nobody was told."),
       [](Worker& w) { return w.counts().failed_forgotten.load(); });
}

void NodeMetrics::add_moves(Families& families) const {
  std::array<std::uint64_t, std::size(PauseCounts{}.buckets)> counts{};
  std::uint64_t total_ns = 0;
  for (std::uint32_t i = 0; i < parts_.crew.size(); ++i) {
    const PauseCounts& pauses = parts_.crew.worker(i).counts().pauses;
    for (std::size_t k = 0; k < counts.size(); ++k) counts[k] += value_of(pauses.buckets[k]);
    total_ns += value_of(pauses.total_ns);
  }
  families.histogram("chimaera_lane_move_pause_seconds", "How long lanes stood still that moved to another worker.")
      .add(counts, total_ns);
}

void NodeMetrics::add_methods(Families& families) const {
  const auto methods = sum_methods(parts_.crew);
  // Two methods of one name would be one series twice, which Prometheus refuses.
  std::map<std::pair<std::string, std::string>, MethodLoad::Sums> named;
  for (auto& each : methods) named.try_emplace({each.module, each.method}, each.sums);
  auto each = [&](Families& family, auto add) {
    for (auto& [name, sums] : named)
      add(family, sums, metrics::Labels{{"module", name.first}, {"method", name.second}});
  };
  each(families.counter("chimaera_method_tasks_total", "Tasks of a method that were admitted."),
       [](auto& family, auto& sums, auto labels) { family.add(sums.tasks, std::move(labels)); });
  each(families.counter("chimaera_method_failed_total", "Tasks of a method that ended in an error."),
       [](auto& family, auto& sums, auto labels) { family.add(sums.failed, std::move(labels)); });
  each(families.counter("chimaera_method_bytes_total", "Bytes of requests and replies, buffers included."),
       [](auto& family, auto& sums, auto labels) { family.add(sums.bytes, std::move(labels)); });
  each(families.counter("chimaera_method_handler_seconds_total", "Time in handlers; an estimate where they are short."),
       [](auto& family, auto& sums, auto labels) { family.add(seconds(sums.handler_ns), std::move(labels)); });
  each(families.histogram("chimaera_method_duration_seconds",
                          "From admission to completion, of a sample of tasks, each counted for those it stands for."),
       [](auto& family, auto& sums, auto labels) { family.add(sums.histogram, sums.latency_ns, std::move(labels)); });
}

}  // namespace chi::runtime

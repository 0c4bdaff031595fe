// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The part of measuring that happens to few tasks.
#include "runtime/lane_meter.h"

#include <algorithm>

#include "runtime/completion.h"

namespace chi::runtime {

MethodLoad& LaneMeter::look_up(const Task& task) {
  MethodLoad*& known = by_method_[task.method];
  if (known) return *known;
  const Pool& pool = task.container->pool;
  const std::string& module = pool.module ? pool.module->name() : pool.name;
  const auto there = std::find_if(loads_.begin(), loads_.end(), [&](auto& load) {
    return load->id() == task.method->id && load->module() == module;
  });
  if (there != loads_.end()) return *(known = there->get());
  const bool declared_long = (task.method->flags & CHI_METHOD_LONG_RUNNING) != 0;
  auto made = std::make_unique<MethodLoad>(module, task.method->id, task.method->name, declared_long);
  std::lock_guard lock(mutex_);
  loads_.push_back(std::move(made));
  return *(known = loads_.back().get());
}

void LaneMeter::forget_methods() noexcept {
  by_method_.clear();
  cache_ = {};
}

void LaneMeter::choose(Task& task) {
  task.meter.weight = find(task).sampler().take();
  if (task.meter.weight != 0) begin_sample(task.meter);
}

void LaneMeter::begin_sample(TaskMeter& meter) noexcept {
  meter.began = meter.counted_long = false;
  meter.handler_ns = 0;
  meter.predicted_ns = 0;
  meter.admitted = Ticks::now();
}

void LaneMeter::queued(Task& task) {
  const CostModel& model = find(task).model();
  task.meter.bytes = 0;
  task.meter.predicted_ns = static_cast<std::uint64_t>(model.predict(bytes_of(task.request.view())));
  LaneLoad& lane = task.container->load;
  add_to(lane.queued, 1U);
  add_to(lane.expected_ns, task.meter.predicted_ns);
}

void LaneMeter::unqueued(const Task& task) noexcept {
  LaneLoad& lane = task.container->load;
  add_to(lane.queued, ~0U);
  add_to(lane.expected_ns, 0 - task.meter.predicted_ns);
}

void LaneMeter::sample_begins(Task& task) {
  TaskMeter& meter = task.meter;
  const MethodLoad& load = find(task);
  LaneLoad& lane = task.container->load;
  meter.began = true;
  meter.request_bytes = meter.bytes;
  if (meter.predicted_ns == 0) meter.predicted_ns = static_cast<std::uint64_t>(load.model().predict(meter.bytes));
  meter.counted_long = load.long_running();
  if (meter.counted_long) add_to(lane.long_tasks, std::uint64_t{meter.weight});
  if (load.declared_long()) add_to(lane.declared_long, std::uint64_t{meter.weight});
  add_to(lane.wait_ns, Ticks::now().ns_since(meter.admitted) * meter.weight);
}

void LaneMeter::count(Task& task) {
  if (task.method->id == kBarrierMethod) return;
  MethodLoad& load = find(task);
  load.count(task.meter.bytes, task.meter.failed);
  add_to(task.container->load.bytes, task.meter.bytes);
  if (task.meter.weight != 0 && task.meter.began) end_sample(task, load);
}

void LaneMeter::end_sample(Task& task, MethodLoad& load) noexcept {
  TaskMeter& meter = task.meter;
  const Ticks now = Ticks::now();
  Driver* driver = Driver::current();
  if (driver && driver->timer().task() == &task) {  // it ends within its last step
    meter.handler_ns += driver->timer().ns_so_far();
    driver->timer().forget_task();
  }
  const std::uint64_t latency = std::max(now.ns_since(meter.admitted), meter.handler_ns);
  load.add({meter.weight, meter.request_bytes, meter.handler_ns, latency, static_cast<double>(meter.predicted_ns)});
  if (!meter.counted_long && meter.handler_ns > MethodLoad::kLongNs) {
    add_to(task.container->load.long_tasks, std::uint64_t{meter.weight});
  }
}

LaneMeter::Measure LaneMeter::ready(const chi_work& work) noexcept {
  if (Completion::is_one(work)) return {};  // see completes()
  if (!work.task) return {works_.take(), nullptr};
  auto& task = *static_cast<Task*>(work.task);
  return {task.meter.weight, &task};
}

void LaneMeter::completes(const chi_completion& done) noexcept {
  const Measure measure = ready(done.work);
  if (measure.weight != 0) Driver::current()->timer().start(measure.weight, measure.task);
}

void LaneMeter::step_over(StepTimer& timer, Container* container) noexcept {
  const std::uint64_t ns = timer.ns_so_far();
  const std::uint32_t weight = timer.weight();
  add_to(busy_ns_, ns * weight);
  if (container) container->load.step_took(ns, weight);
  if (timer.task()) {
    timer.task()->meter.handler_ns += ns;
  } else {
    works_.took(ns);
  }
  timer.stop();
}

void LaneMeter::step_lost(StepTimer& timer, Container* container, Task* task) noexcept {
  const std::uint64_t ns = timer.running_ns();
  timer.stop();
  if (container) container->load.orphan_ns = ns;
  if (task && task->meter.weight != 0) task->meter.handler_ns += ns;
}

void LaneMeter::orphan_ended(Container& container, Task* task, std::uint64_t since_ns) noexcept {
  LaneLoad& lane = container.load;
  const std::uint64_t ns = std::max(lane.orphan_ns, since_ns);
  lane.orphan_since_ns.store(0, std::memory_order_relaxed);
  lane.step_took(ns, 1);
  if (!task || task->meter.weight != 0) return;
  begin_sample(task->meter);
  task->meter.weight = 1;
  task->meter.began = true;
  task->meter.request_bytes = task->meter.bytes;
  task->meter.handler_ns = ns;
}

// Some step was long, and which one it was is not known: then the next ones of all methods are measured.
void LaneMeter::look_closer(std::uint64_t passed_ns) noexcept {
  const std::uint64_t number = std::min<std::uint64_t>(passed_ns / Sampler::kNsEach / 4, 256);
  for (auto& load : loads_) load->sampler().measure_next(number);
  works_.measure_next(number);
}

}  // namespace chi::runtime

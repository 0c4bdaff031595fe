// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a module can ask of its worker. Each service may find that its thread no longer has the worker (driver.h), and
// then sends by mail what it would have done.
#include "runtime/services.h"

#include "runtime/error_reply.h"
#include "runtime/io_service.h"
#include "runtime/module_call.h"
#include "runtime/service_scope.h"
#include "runtime/worker.h"

namespace chi::runtime {
namespace {

Container& of(chi_container* container) { return *static_cast<Container*>(container); }
Task* of(chi_task* task) { return static_cast<Task*>(task); }

// Runs `f` on the container's worker: now where that is possible.
template <class F>
void on_worker(Container& container, F f) {
  Worker& worker = container.worker();
  ServiceScope scope(worker);
  if (scope.direct()) {
    f(worker);
  } else {
    run_at(container, std::move(f));
  }
}

void reply(chi_task* raw, std::int32_t code, const chi_message* message) {
  Task& task = *of(raw);
  Worker& worker = task.container->worker();
  chi_message view = message ? *message : chi_message{};
  if (const std::uint64_t most = worker.options().max_message; view.size > most) [[unlikely]] {
    const ErrorReply refusal(reply_too_large(view.size, most, task.container->name()));
    const chi_message instead = refusal.answer().message;
    for (std::uint32_t i = 0; i < view.buffer_count; ++i) detail::block_release(view.buffers[i].block);
    return reply(raw, static_cast<std::int32_t>(refusal.answer().code), &instead);
  }
  ServiceScope scope(worker);
  Answer answer;
  answer.code = static_cast<Code>(code);
  if (scope.direct()) {
    chi_buffer buffers[CHI_MAX_BUFFERS];
    answer.gives_buffers = view.buffer_count <= CHI_MAX_BUFFERS;
    if (answer.gives_buffers) {
      std::copy_n(view.buffers, view.buffer_count, buffers);
      view.buffers = buffers;
    }
    answer.message = view;
    worker.module_replied(task, answer);
    for (std::uint32_t i = 0; i < view.buffer_count; ++i) detail::block_release(view.buffers[i].block);
    return;
  }
  OwnedMessage own;
  own.adopt(view);
  run_at(*task.container, [&task, answer, kept = std::move(own)](Worker& on) mutable {
    answer.gives_buffers = true;
    answer.message = kept.view();
    on.module_replied(task, answer);
  });
}

Request request_of(const Container& container, const chi_submission& from) {
  Request out;
  Task* parent = of(from.parent);
  out.pool = from.pool;
  out.method = from.method;
  out.query.kind = static_cast<QueryKind>(from.query.kind);
  out.query.first = from.query.first;
  out.query.count = from.query.count;
  out.query.hash = from.query.hash;
  out.deadline_ns = from.deadline_ns;
  if (parent && parent->deadline_ns != 0 && (out.deadline_ns == 0 || parent->deadline_ns < out.deadline_ns)) {
    out.deadline_ns = parent->deadline_ns;
  }
  if (from.flags & CHI_PERIODIC) out.period_ns = std::max<std::uint64_t>(from.period_ns, 1000);
  out.priority = from.priority == CHI_PRIORITY_HIGH_THROUGHPUT ? Priority::high_throughput : Priority::low_latency;
  out.uid = container.pool.uid;
  out.gid = container.pool.gid;
  return out;
}

chi_call* submit(chi_container* raw, const chi_submission* submission, chi_completion* done) {
  Container& container = of(raw);
  const Request request = request_of(container, *submission);
  const bool forget = submission->flags & CHI_FIRE_AND_FORGET || !done;
  Task* parent = forget ? nullptr : of(submission->parent);
  auto* call = new ModuleCall(container, forget ? nullptr : done);
  ServiceScope scope(container.worker());
  if (scope.direct()) {
    call->start(request, parent, submission->request);
  } else {
    run_at(container, [call, request, parent, message = OwnedMessage(submission->request)](Worker&) {
      call->start(request, parent, message.view());
    });
  }
  return forget ? nullptr : call;
}

void cancel(chi_call* raw) {
  auto* call = static_cast<ModuleCall*>(raw);
  on_worker(call->container(), [call](Worker&) { call->cancel(); });
}

class ModuleTimer final : public Operator, public TimerNode, public Pooled {
 public:
  ModuleTimer(Container& container, chi_completion* done) : container_(container), done_(done) {
    done->result = reinterpret_cast<std::intptr_t>(this);
    fire = [](TimerNode& timer) { static_cast<ModuleTimer&>(timer).end(Code::ok); };
  }

  void start(Task* task, std::uint64_t at) {
    (task ? task->waits : container_.operations).push_back(this);
    at_ns = at;
    if (task && task->early) return end(Code::cancelled);
    container_.worker().add_timer(*this);
  }
  void cancel() override {
    container_.worker().remove_timer(*this);
    end(Code::cancelled);
  }
  void leave(Worker& from) noexcept override { from.remove_timer(*this); }
  void join(Worker& to) override {
    if (!armed()) to.add_timer(*this);
  }

 private:
  void end(Code code) {
    unlink();
    done_->result = 0;
    done_->code = static_cast<std::int32_t>(code);
    done_->reply = {};
    container_.worker().add_ready(container_, &done_->work);
    delete this;
  }

  Container& container_;
  chi_completion* done_;
};

void timer_start(chi_container* raw, chi_task* task, std::uint64_t at_ns, chi_completion* done) {
  Container& container = of(raw);
  auto* timer = new ModuleTimer(container, done);
  on_worker(container, [timer, task, at_ns](Worker&) { timer->start(of(task), at_ns); });
}

void timer_cancel(chi_container* raw, chi_completion* done) {
  on_worker(of(raw), [done](Worker&) {
    if (done->result != 0) reinterpret_cast<ModuleTimer*>(done->result)->cancel();
  });
}

void post(chi_container* raw, chi_work* work) {
  Container& container = of(raw);
  on_worker(container, [&container, work](Worker& worker) { worker.add_ready(container, work); });
}

std::uint64_t now_ns(chi_container* raw) { return of(raw).worker().clock().now_ns(); }

std::uint64_t random(chi_container* raw) {
  Container& container = of(raw);
  ServiceScope scope(container.worker());
  return scope.direct() ? container.worker().random().next() : SystemRandom().next();
}

void* frame_allocate(std::uint64_t size) { return FramePool::allocate(size); }
void frame_free(void* memory, std::uint64_t size) { FramePool::release(memory, size); }

void log(chi_container* raw, std::int32_t level, const char* file, std::int32_t line, const char* text,
         std::uint64_t size) {
  Container& container = of(raw);
  auto known = static_cast<LogLevel>(std::clamp(level, 0, static_cast<std::int32_t>(LogLevel::error)));
  container.worker().log().log(
      known, fmt::format("{}: {} ({}:{})", container.name(), std::string_view(text, size), file, line));
}

void task_info(chi_task* raw, chi_task_info* out) {
  Task& task = *of(raw);
  *out = {};
  out->session = task.session;
  out->sequence = task.sequence;
  out->first_incomplete = task.first_incomplete;
  out->deadline_ns = task.deadline_ns;
  out->uid = task.uid;
  out->gid = task.gid;
  out->method = task.method->id;
  out->priority = static_cast<std::uint8_t>(task.priority);
  out->cancelled = task.answered;
}

std::int32_t buffer_allocate(chi_task* raw, std::uint64_t size, chi_buffer* out) try {
  Task& task = *of(raw);
  Session* lender = task.channel ? &task.channel->session() : task.lender;
  if (!lender) {
    Buffer buffer = Buffer::allocate(size);
    *out = buffer.raw();
    detail::block_add_reference(out->block);
    return 0;
  }
  auto space = lender->allocate_reply(size);
  if (!space) return static_cast<std::int32_t>(space.code());
  *out = *space;
  return 0;
} catch (const std::bad_alloc&) {
  return static_cast<std::int32_t>(Code::resource_exhausted);
}

std::uint64_t pool_find(chi_container* raw, const char* name, std::uint32_t size) {
  Container& container = of(raw);
  ServiceScope scope(container.worker());
  return scope.direct() ? container.worker().find_pool_id({name, size}) : kNoPool;
}

void control(chi_container* raw, chi_task* task, std::uint32_t verb, const chi_message* message, chi_completion* done) {
  Container& container = of(raw);
  auto* call = new ControlCall(container, done);
  if (container.pool.id != kAdminPool || !task) {
    ErrorReply reply(Error{Code::permission_denied, "only the admin module controls the node", container.name()});
    OwnedMessage refusal(reply.answer().message);
    return call->settle(Code::permission_denied, std::move(refusal));
  }
  call->verb = verb;
  call->uid = of(task)->uid;
  call->gid = of(task)->gid;
  call->deadline_ns = of(task)->deadline_ns;
  call->request.copy(*message);
  container.worker().control().submit(call);
}

void hold(chi_container* raw) { of(raw).holds.fetch_add(1, std::memory_order_relaxed); }
void unhold(chi_container* raw) { of(raw).holds.fetch_sub(1, std::memory_order_relaxed); }

const chi_services kServices{CHI_ABI_VERSION,
                             sizeof(chi_services),
                             reply,
                             submit,
                             cancel,
                             timer_start,
                             timer_cancel,
                             post,
                             start_io,
                             now_ns,
                             random,
                             frame_allocate,
                             frame_free,
                             log,
                             task_info,
                             buffer_allocate,
                             pool_find,
                             control,
                             hold,
                             unhold,
                             file_open,
                             file_close};

}  // namespace

const chi_services& services() noexcept { return kServices; }

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A daemon of one lane and one thread, with virtual time, for tests of what modules see: it offers chi_services, keeps
// what is submitted for the test to answer, and counts what must come back. Nothing happens but in run() and advance().
#pragma once

#include <chimaera/abi.h>
#include <chimaera/codec.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chi::fake {
class Daemon;
}  // namespace chi::fake

struct chi_container {
  chi::fake::Daemon* daemon;
};

// A call into the module, and its reply once `done`.
struct chi_task {
  chi::fake::Daemon* daemon = nullptr;
  chi_task_info info{};
  bool done = false;
  chi::Code code = chi::Code::ok;
  std::string fields;
  std::vector<chi::Buffer> buffers;

  chi_message message(std::vector<chi_buffer>& raw) const {
    raw.clear();
    for (const auto& buffer : buffers) raw.push_back(buffer.raw());
    return {reinterpret_cast<const std::uint8_t*>(fields.data()), static_cast<std::uint32_t>(fields.size()),
            static_cast<std::uint32_t>(raw.size()), raw.data()};
  }
  template <class Reply>
  chi::Result<Reply> reply() const {
    std::vector<chi_buffer> raw;
    if (code == chi::Code::ok) return chi::decode_message<Reply>(message(raw));
    chi::Error error{code, "without a text", {}};
    chi::Status status = chi::decode_message(message(raw), error);
    if (!status.ok()) return status.error();
    return error;
  }
  void take(std::int32_t reply_code, const std::uint8_t* data, std::size_t size, const chi_buffer* raw, std::size_t n) {
    done = true;
    code = static_cast<chi::Code>(reply_code);
    fields.assign(reinterpret_cast<const char*>(data), size);
    for (std::size_t i = 0; i < n; ++i) buffers.push_back(chi::Buffer::adopt(raw[i]));
  }
};

struct chi_file {
  int fd = -1;
};

// A call, control or I/O that the module has made, until the test answers it.
struct chi_call {
  chi::fake::Daemon* daemon = nullptr;
  chi_submission submission{};
  chi_io io{};
  std::string fields;
  chi_completion* completion = nullptr;
  bool cancelled = false;

  template <class Req>
  Req request() const {
    return chi::decode_from<Req>(fields).value();
  }
};

namespace chi::fake {

class Daemon {
 public:
  Daemon() { container_.daemon = this; }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  chi_container* container() noexcept { return &container_; }
  static const chi_services* services();

  // Runs what is ready, and what that makes ready.
  void run() {
    while (!ready_.empty()) {
      chi_work* work = ready_.front();
      ready_.pop_front();
      ++steps;
      work->run(work);
    }
  }
  std::size_t ready() const noexcept { return ready_.size(); }

  // Moves the time, running each timer at its own.
  void advance(std::chrono::nanoseconds by) {
    const std::uint64_t end = now + static_cast<std::uint64_t>(by.count());
    run();
    while (!timers_.empty() && timers_.begin()->first <= end) {
      now = std::max(now, timers_.begin()->first);
      end_timer(timers_.begin(), Code::ok);
      run();
    }
    now = end;
  }
  std::size_t timers() const noexcept { return timers_.size(); }

  // Answers the oldest call.
  template <class Reply>
  void answer(const Reply& reply, Code code = Code::ok) {
    Encoder encoder;
    encode_message(encoder, reply);
    answer_with(encoder, code);
  }
  void fail(const Error& error) { answer(error, error.code); }
  void answer_with(const Encoder& encoded, Code code = Code::ok, std::int64_t result = 0) {
    auto call = std::move(calls.front());
    calls.pop_front();
    call->completion->code = static_cast<std::int32_t>(code);
    call->completion->result = result;
    call->completion->reply = encoded.message();
    call->completion->work.run(&call->completion->work);
  }

  std::uint64_t now = 1000;
  std::size_t steps = 0;
  std::deque<std::unique_ptr<chi_call>> calls;
  std::vector<std::unique_ptr<chi_call>> forgotten;
  std::vector<std::string> log;
  std::map<std::string, std::uint64_t> pools;
  int holds = 0;
  int files = 0;                 // registered
  static inline int blocks = 0;  // of frames; the service has no context
  static inline bool no_memory = false;

 private:
  using Timers = std::multimap<std::uint64_t, chi_completion*>;

  void end_timer(Timers::iterator at, Code code) {
    chi_completion* done = at->second;
    timers_.erase(at);
    done->code = static_cast<std::int32_t>(code);
    ready_.push_back(&done->work);
  }

  static void reply(chi_task* task, std::int32_t code, const chi_message* message) {
    task->take(code, message->data, message->size, message->buffers, message->buffer_count);
  }
  static chi_call* submit(chi_container* from, const chi_submission* submission, chi_completion* done);
  static void cancel(chi_call* call);
  static void timer_start(chi_container* from, chi_task*, std::uint64_t at, chi_completion* done) {
    from->daemon->timers_.emplace(at, done);
  }
  static void timer_cancel(chi_container* from, chi_completion* done) {
    Timers& timers = from->daemon->timers_;
    auto found = std::find_if(timers.begin(), timers.end(), [&](auto& entry) { return entry.second == done; });
    if (found != timers.end()) from->daemon->end_timer(found, Code::cancelled);
  }
  static void post(chi_container* from, chi_work* work) { from->daemon->ready_.push_back(work); }
  static void io(chi_container* from, const chi_io* io, chi_completion* done) {
    auto& call = from->daemon->calls.emplace_back(std::make_unique<chi_call>());
    *call = {from->daemon, {}, *io, {}, done};
  }
  static void* frame_allocate(std::uint64_t size) {
    if (no_memory) return nullptr;
    ++blocks;
    return std::malloc(size);
  }
  static void frame_free(void* memory, std::uint64_t) {
    --blocks;
    std::free(memory);
  }
  static std::int32_t buffer_allocate(chi_task*, std::uint64_t size, chi_buffer* out) {
    if (size > 1 << 20) return static_cast<std::int32_t>(Code::resource_exhausted);
    Buffer buffer = Buffer::allocate(size);
    detail::block_add_reference(buffer.raw().block);
    *out = buffer.raw();
    return 0;
  }
  static void control(chi_container* from, chi_task* task, std::uint32_t verb, const chi_message* request,
                      chi_completion* done);

  chi_container container_{};
  std::deque<chi_work*> ready_;
  Timers timers_;
};

inline chi_call* Daemon::submit(chi_container* from, const chi_submission* submission, chi_completion* done) {
  auto call = std::make_unique<chi_call>();
  call->daemon = from->daemon;
  call->submission = *submission;
  call->fields.assign(reinterpret_cast<const char*>(submission->request.data), submission->request.size);
  call->completion = done;
  chi_call* made = call.get();
  if (!done) {
    from->daemon->forgotten.push_back(std::move(call));
    return nullptr;
  }
  from->daemon->calls.push_back(std::move(call));
  return made;
}

inline void Daemon::cancel(chi_call* call) {
  call->cancelled = true;
  Daemon& daemon = *call->daemon;
  auto found = std::find_if(daemon.calls.begin(), daemon.calls.end(), [&](auto& c) { return c.get() == call; });
  chi_completion* done = call->completion;
  done->code = static_cast<std::int32_t>(Code::cancelled);
  done->reply = {};
  daemon.calls.erase(found);
  daemon.ready_.push_back(&done->work);
}

inline void Daemon::control(chi_container* from, chi_task* task, std::uint32_t verb, const chi_message* request,
                            chi_completion* done) {
  chi_submission submission{};
  submission.method = verb;
  submission.parent = task;
  submission.request = *request;
  submit(from, &submission, done);
}

inline const chi_services* Daemon::services() {
  static const chi_services kServices = {
      CHI_ABI_VERSION,
      sizeof(chi_services),
      &reply,
      &submit,
      &cancel,
      &timer_start,
      &timer_cancel,
      &post,
      &io,
      [](chi_container* from) { return from->daemon->now; },
      [](chi_container*) -> std::uint64_t { return 4; },
      &frame_allocate,
      &frame_free,
      [](chi_container* from, std::int32_t, const char*, std::int32_t, const char* text, std::uint64_t size) {
        from->daemon->log.emplace_back(text, size);
      },
      [](chi_task* task, chi_task_info* out) { *out = task->info; },
      &buffer_allocate,
      [](chi_container* from, const char* name, std::uint32_t size) -> std::uint64_t {
        auto found = from->daemon->pools.find(std::string(name, size));
        return found == from->daemon->pools.end() ? 0 : found->second;
      },
      &control,
      [](chi_container* from) { ++from->daemon->holds; },
      [](chi_container* from) { --from->daemon->holds; },
      [](chi_container* from, std::int32_t fd) -> chi_file* {
        if (no_memory) return nullptr;
        ++from->daemon->files;
        return new chi_file{fd};
      },
      [](chi_container* from, chi_file* file) {
        --from->daemon->files;
        delete file;
      }};
  return &kServices;
}

// One container of a module, made from its table as the daemon does it.
class Instance {
 public:
  Instance(Daemon& daemon, const chi_module& module, const chi_message& config = {})
      : daemon_(daemon), module_(module) {
    chi_create made{sizeof(chi_create), 2, 8, 1, 77, "inventory", config, 1000, 1000};
    auto keep = [](void* to, const chi_message* message) { (void)decode_message(*message, *static_cast<Error*>(to)); };
    if (module.create(Daemon::services(), daemon.container(), &made, &self_, &error, keep) != 0) self_ = nullptr;
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() {
    if (self_) module_.destroy(self_);
  }

  bool created() const noexcept { return self_ != nullptr; }
  void* self() const noexcept { return self_; }

  template <class Req>
  std::unique_ptr<chi_task> call(const Req& request, std::uint32_t uid = 1000) {
    Encoder encoder;
    encode_message(encoder, request);
    return call_raw(Req::kMethod.id, encoder.message(), uid);
  }
  std::unique_ptr<chi_task> call_raw(std::uint32_t method, const chi_message& request, std::uint32_t uid = 1000) {
    auto task = std::make_unique<chi_task>();
    task->daemon = &daemon_;
    task->info.uid = uid;
    chi_buffer buffers[CHI_MAX_BUFFERS];
    std::uint8_t data[64];
    chi_out out{data, sizeof data, 0, 0, 0, buffers};
    for (std::uint32_t i = 0; i < module_.method_count; ++i) {
      if (module_.methods[i].id != method) continue;
      if (module_.methods[i].run(self_, task.get(), &request, &out) == CHI_DONE) {
        task->take(out.code, out.data, out.size, out.buffers, out.buffer_count);
      }
    }
    return task;
  }

  Error error;

 private:
  Daemon& daemon_;
  const chi_module& module_;
  void* self_ = nullptr;
};

}  // namespace chi::fake

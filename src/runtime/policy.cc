// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A policy's pool, and the call that asks it.
#include "runtime/policy.h"

#include <fmt/format.h>
#include <unistd.h>

#include "runtime/dispatch.h"
#include "runtime/places.h"

namespace chi::runtime {
namespace {

constexpr std::uint64_t kPoolTimeNs = 5'000'000'000;
constexpr std::chrono::milliseconds kWayBack(1000);  // beyond the deadline, which the home worker sees to

// The answer, for who waits and may have gone.
struct Answered {
  Latch latch{1};
  Code code = Code::ok;
  OwnedMessage message;
};

class Question final : public Asker {
 public:
  explicit Question(std::shared_ptr<Answered> to) : to_(std::move(to)) {}

  void start(Worker& home, const Request& request, const chi_message& message) {
    dispatch_.start(home, request, message);
  }
  void answered(const Answer& answer) override {
    to_->code = answer.code;
    to_->message.copy(answer.message);
    to_->latch.arrive();
  }
  void over() override { delete this; }

 private:
  std::shared_ptr<Answered> to_;
  Dispatch dispatch_{*this};
};

Error too_late(const std::string& module) {
  return {Code::deadline_exceeded, "the policy " + module + " gave no answer in time", kOrchestration};
}

}  // namespace

std::string Policy::full_name(const std::string& name) const {
  const std::string prefix = "worch_" + kind_ + "_";
  return name.starts_with("worch_") ? name : prefix + name;
}

Status Policy::check(const Module& module) const {
  const chi_method* method = module.method(method_.id);
  if (method && method_.name == method->name) return {};
  return Error{Code::invalid_argument,
               fmt::format("the module {} is no policy of the kind '{}': it has no method {}", module.name(), kind_,
                           method_.name),
               kOrchestration};
}

Status Policy::prepare(const std::string& module) {
  if (auto pool = parts_.keeper.find(module)) return check(*pool->module);
  auto loaded = parts_.shelf.get(module);
  if (!loaded) return std::move(loaded).error();
  if (auto good = check(**loaded); !good) return good;
  PoolPlan plan;
  plan.name = module;
  plan.module = *loaded;
  plan.uid = ::geteuid();
  plan.gid = ::getegid();
  auto pool = parts_.keeper.create(std::move(plan), parts_.clock.now_ns() + kPoolTimeNs);
  return pool ? Status() : Status(std::move(pool).error());
}

void Policy::use(const std::string& module, std::chrono::nanoseconds patience) {
  const std::string before = std::exchange(module_, module);
  auto pool = parts_.keeper.find(module);
  info_ = {kind_, module, pool ? pool->module->version() : "", 0, 0, {}, {}, {}, 0};
  if (!before.empty() && before != module) drop(before, patience);
}

void Policy::drop(const std::string& module, std::chrono::nanoseconds patience) {
  auto destroyed = parts_.keeper.destroy(module, parts_.clock.now_ns() + static_cast<std::uint64_t>(patience.count()));
  if (!destroyed) parts_.log.warning("the pool of the policy {} stays: {}", module, destroyed.error().text);
}

// The question's home is another worker than the policy's where there is one, which sees to the deadline whatever the
// policy does.
Result<OwnedMessage> Policy::ask_for_bytes(const std::string& module, const chi_message& question,
                                           std::chrono::nanoseconds patience) {
  if (auto there = prepare(module); !there) return there.error();
  auto pool = parts_.keeper.find(module);
  Request request;
  request.pool = pool->id;
  request.method = method_.id;
  request.query = container(0);
  request.deadline_ns = parts_.clock.now_ns() + static_cast<std::uint64_t>(patience.count());
  request.uid = ::geteuid();
  const std::uint32_t index = (pool->containers[0]->worker().index() + 1) % parts_.crew.active();
  auto answered = std::make_shared<Answered>();
  parts_.crew.worker(index).run([answered, request, message = OwnedMessage(question)](Worker& home) {
    (new Question(answered))->start(home, request, message.view());
  });
  if (!answered->latch.wait_for(patience + kWayBack)) return too_late(module);
  if (answered->code == Code::ok) return std::move(answered->message);
  if (answered->code == Code::deadline_exceeded) return too_late(module);
  Error error;
  if (!decode_message(answered->message.view(), error)) error.text = "the policy " + module + " failed";
  error.code = answered->code;
  return error;
}

void Policy::count_round(const std::string& reason, const std::string& why, std::uint64_t took_ns) {
  ++info_.rounds;
  info_.reason = reason;
  info_.why = why;
  info_.took_ns = took_ns;
}

void Policy::count_refusal(const std::string& reason, const Error& error) {
  ++info_.refused;
  info_.reason = reason;
  info_.error = error.text;
  parts_.log.warning("the answer of {} ({}) is refused, what was assigned before stays: {}", module_, reason,
                     error.text);
}

}  // namespace chi::runtime

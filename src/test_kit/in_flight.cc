// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls: those that the test makes, and, on their way out of a container, those that are made to fail.
#include <fmt/format.h>

#include "chimaera/codec.h"
#include "chimaera/gathered.h"
#include "runtime/error_reply.h"
#include "test_kit/core.h"
#include "test_kit/place.h"

namespace chi::test_kit {
namespace {

constexpr SessionId kSession = 1;  // as if all of the test were one client

chi_call* submit_or_fail(chi_container* raw, const chi_submission* submission, chi_completion* done) {
  const auto& container = *static_cast<runtime::Container*>(raw);
  Core& core = *static_cast<NodePool&>(container.pool).core;
  const runtime::Pool* pool = core.find(submission->pool);
  const chi_method* method = pool ? runtime::find_method(*pool, submission->method) : nullptr;
  const CallFault* fault = method ? core.faults().strike(pool->name, method->name) : nullptr;
  if (!fault) return runtime::services().submit(raw, submission, done);
  std::uint8_t scratch[512];
  Encoder encoder(scratch);
  encode_message(encoder, Fail{fault->error, fault->no_answer});
  chi_submission diverted = *submission;
  diverted.pool = core.fault_pool();
  diverted.method = Fail::kMethod.id;
  diverted.query = {static_cast<std::uint8_t>(QueryKind::container), {}, 0, 1, 0, 0};
  diverted.request = encoder.message();
  return runtime::services().submit(raw, &diverted, done);
}

}  // namespace

const chi_services& services() noexcept {
  static const chi_services kServices = [] {
    chi_services table = runtime::services();
    table.submit = &submit_or_fail;
    return table;
  }();
  return kServices;
}

void InFlight::start(runtime::Worker& worker, const runtime::Request& request, const chi_message& message) {
  over_ = false;
  core_.call_begins();
  dispatch_.start(worker, request, message);
}

void InFlight::refuse(const Error& error) {
  runtime::ErrorReply reply(error);
  answered(reply.answer());
}

void InFlight::note_in(std::shared_ptr<Recording> recording, std::size_t entry) noexcept {
  recording_ = std::move(recording);
  entry_ = entry;
}

void InFlight::answered(const runtime::Answer& answer) {
  reply_.copy(answer.message);
  answer_ = answer;
  answer_.message = reply_.view();
  done_ = true;
  if (recording_) recording_->end(entry_, answer_);
}

void InFlight::over() {
  core_.call_ends();
  over_ = true;
  if (let_go_) delete this;
}

void InFlight::let_go() {
  let_go_ = true;
  if (over_) delete this;
}

void InFlight::cancel() {
  if (done_) return;
  core_.node().enter(0);
  dispatch_.cancel();
}

InFlight* Core::submit(const std::string& pool_name, std::uint32_t method, const CallOptions& options,
                       const chi_message& message) {
  const NodePool* pool = find(pool_name);
  auto* call = new InFlight(*this);
  if (recording_) {
    const chi_method* found = pool ? runtime::find_method(*pool, method) : nullptr;
    const std::uint64_t now = node_->now_ns();
    call->note_in(recording_, recording_->begin(now, pool_name, found, options, message));
  }
  if (!pool) {
    call->refuse({Code::not_found, "this node has no pool named '" + pool_name + "': create_pool comes first", kWhere});
    return call;
  }
  runtime::Request request;
  request.pool = pool->id;
  request.method = method;
  request.query = options.query;
  request.priority = options.priority;
  request.session = kSession;
  request.sequence = next_sequence_++;
  request.uid = options.as_owner ? pool->uid : options.uid;
  request.gid = options.as_owner ? pool->gid : options.gid;
  runtime::Worker& worker = node_->enter(0);
  const std::uint64_t now = worker.refresh_now();
  if (options.deadline.count() > 0) request.deadline_ns = now + static_cast<std::uint64_t>(options.deadline.count());
  call->start(worker, request, message);
  return call;
}

InFlight* Core::refuse(const Error& error) {
  auto* call = new InFlight(*this);
  call->refuse(error);
  return call;
}

Result<chi_message> result_of(const runtime::Answer& answer) {
  if (answer.code != Code::ok) return decode_error(static_cast<std::int32_t>(answer.code), answer.message);
  return answer.message;
}

Handle::Handle(Handle&& other) noexcept : core_(std::move(other.core_)), call_(std::exchange(other.call_, nullptr)) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this == &other) return *this;
  if (call_) call_->let_go();
  call_ = std::exchange(other.call_, nullptr);
  core_ = std::move(other.core_);
  return *this;
}

Handle::~Handle() {
  if (call_) call_->let_go();
}

bool Handle::done() const noexcept { return call_->done(); }
void Handle::cancel() { call_->cancel(); }

Result<chi_message> Handle::wait() {
  if (Status waited = core_->wait(*call_); !waited) return std::move(waited).error();
  return result_of(call_->answer());
}

Handle submit(const std::shared_ptr<Core>& core, const std::string& pool, std::uint32_t method,
              const CallOptions& options, const Encoder& request) {
  if (request.failed()) return refuse(core, request.status().error());
  return {core, core->submit(pool, method, options, request.message())};
}

Handle refuse(const std::shared_ptr<Core>& core, const Error& error) { return {core, core->refuse(error)}; }

Error needs_gather(std::string_view method) {
  return {Code::invalid_argument,
          fmt::format("the query names several containers, and '{}' cannot merge their replies: use gather()", method),
          kWhere};
}

std::uint32_t containers_of(const Core& core, const std::string& pool) {
  const NodePool* found = core.find(pool);
  return found ? static_cast<std::uint32_t>(found->containers.size()) : 0;
}

}  // namespace chi::test_kit

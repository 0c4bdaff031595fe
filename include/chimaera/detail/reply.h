// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How a handler's result leaves the module: small ones into the runtime's chi_out, others through reply().
#pragma once

#include <chimaera/codec.h>
#include <chimaera/detail/container_core.h>
#include <chimaera/detail/errors.h>
#include <chimaera/result.h>

#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace chi::detail {

// Gives the finished message to the runtime, the references of its buffers included.
inline void send_reply(const ContainerCore& core, chi_task* task, Code code, Encoder& encoded) {
  chi_message message = encoded.message();
  encoded.take_buffers();
  core.services->reply(task, static_cast<std::int32_t>(code), &message);
}

// The same where the thunk is still running: gives what it returns.
inline std::int32_t leave_reply(const ContainerCore& core, chi_task* task, chi_out* out, Code code, Encoder& encoded) {
  if (!encoded.in_scratch()) {
    send_reply(core, task, code, encoded);
    return CHI_PENDING;
  }
  out->code = static_cast<std::int32_t>(code);
  out->size = static_cast<std::uint32_t>(encoded.size());
  out->buffer_count = encoded.buffer_count();
  if (out->buffer_count != 0) {
    std::span<const chi_buffer> buffers = encoded.take_buffers();
    std::memcpy(out->buffers, buffers.data(), buffers.size_bytes());
  }
  return CHI_DONE;
}

// What is sent when a handler failed, or when its reply cannot be sent.
[[gnu::cold]] inline Error outgoing(const ContainerCore& core, Error error) {
  if (error.code == Code::ok) error = {Code::internal, "the handler returned an error whose code is ok", {}};
  if (error.where.empty()) error.where = core.name();
  return error;
}
[[gnu::cold]] inline Error unsendable(const ContainerCore& core, const Encoder& encoded) {
  return outgoing(core, {Code::internal, "the reply: " + encoded.status().error().text, {}});
}

// Where there is no memory even for the error's text, the code alone goes out.
[[gnu::cold]] inline std::int32_t leave_error(const ContainerCore& core, chi_task* task, chi_out* out,
                                              const Error& error) noexcept {
  try {
    Error sent = outgoing(core, error);
    Encoder encoder({out->data, out->capacity});
    encode_message(encoder, sent);
    return leave_reply(core, task, out, sent.code, encoder);
  } catch (...) {
    out->code = static_cast<std::int32_t>(error.code);
    out->size = 0;
    out->buffer_count = 0;
    return CHI_DONE;
  }
}

[[gnu::cold]] inline void send_error(const ContainerCore& core, chi_task* task, const Error& error) noexcept {
  try {
    Error sent = outgoing(core, error);
    Encoder encoder;
    encode_message(encoder, sent);
    send_reply(core, task, sent.code, encoder);
  } catch (...) {
    chi_message nothing{};
    core.services->reply(task, static_cast<std::int32_t>(error.code), &nothing);
  }
}

// The reply's memory is handed over to the caller where the message has the only reference: so the result is let go of
// before it is sent, and not after.
template <class Reply>
void let_go(Result<Reply>& result) {
  [[maybe_unused]] const Result<Reply> last = std::move(result);
}

template <class Reply>
std::int32_t leave_result(const ContainerCore& core, chi_task* task, chi_out* out, Result<Reply>&& result) {
  if (!result.ok()) return leave_error(core, task, out, result.error());
  Encoder encoder({out->data, out->capacity});
  encode_message(encoder, *result);
  if (encoder.failed()) return leave_error(core, task, out, unsendable(core, encoder));
  if (!encoder.in_scratch()) let_go(result);
  return leave_reply(core, task, out, Code::ok, encoder);
}

template <class Reply>
void send_result(const ContainerCore& core, chi_task* task, Result<Reply>&& result) {
  if (!result.ok()) return send_error(core, task, result.error());
  std::uint8_t scratch[512];
  Encoder encoder(scratch);
  encode_message(encoder, *result);
  if (encoder.failed()) return send_error(core, task, unsendable(core, encoder));
  let_go(result);
  send_reply(core, task, Code::ok, encoder);
}

}  // namespace chi::detail

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a Future asks of its stream.
#include <chimaera/future.h>
#include <chimaera/gathered.h>

#include "client/session.h"
#include "client/stream_hot.h"

namespace chi::client {

bool PendingCall::wait(std::chrono::nanoseconds limit) { return !stream_ || stream_->wait(word_, limit); }

Answer PendingCall::answer() {
  if (stream_) [[likely]]
    return stream_->answer(word_);
  static const Error kNone{Code::failed_precondition, "this Future has no answer, or it was taken before", "client"};
  const Error* reason = error() ? error() : &kNone;
  return {reason, reason->code, false, {}};
}

void PendingCall::cancel() {
  if (stream_) stream_->cancel(word_);
}

void PendingCall::notify(detail::Continuation* continuation) noexcept {
  if (stream_) stream_->notify(word_, continuation);
}

void PendingCall::give_back() noexcept {
  Stream* stream = std::exchange(stream_, nullptr);
  std::uint64_t word = std::exchange(word_, 0);
  if (stream) return stream->give_back(word);
  if (word > kForgotten) delete reinterpret_cast<const Error*>(word);
}

Error failure_of(const Answer& answer) {
  return answer.error ? *answer.error : decode_error(static_cast<std::int32_t>(answer.code), answer.message);
}

Result<RawReply> decode_raw(const Answer& answer) {
  if (answer.failed()) return failure_of(answer);
  RawReply out;
  out.fields = Bytes(answer.message.data, answer.message.size);
  for (std::uint32_t i = 0; i < answer.message.buffer_count; ++i) {
    detail::block_add_reference(answer.message.buffers[i].block);
    out.buffers.push_back(Buffer::adopt(answer.message.buffers[i]));
  }
  out.gathered = answer.gathered;
  return out;
}

}  // namespace chi::client

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a handler may ask about the call that it serves: its optional second parameter, `chi::Call& call`. Valid until
// the handler has ended. Not thread-safe.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/bytes.h>
#include <chimaera/domain.h>
#include <chimaera/method.h>
#include <chimaera/result.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace chi {

class Call {
 public:
  Call(const chi_services& services, chi_task* task) noexcept : services_(services), task_(task) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Who calls, as the kernel vouches for it; of a call from inside the node, on whose behalf it was made.
  std::uint32_t uid() const { return info().uid; }
  std::uint32_t gid() const { return info().gid; }

  // The call's identity; session 0 for calls from inside the node.
  CallId id() const {
    chi_task_info now = info();
    return {now.session, now.sequence, now.first_incomplete};
  }

  Priority priority() const { return static_cast<Priority>(info().priority); }

  // Of chi::now(); nanoseconds::max() when there is none.
  std::chrono::nanoseconds deadline() const {
    std::uint64_t at = info().deadline_ns;
    return at == 0 ? std::chrono::nanoseconds::max() : std::chrono::nanoseconds(at);
  }

  // Whether nobody waits for the reply any more: long work may end here.
  bool cancelled() const { return info().cancelled != 0; }

  // Memory for a large reply, not zeroed: in the caller's arena where it is a client, so that nothing is copied on the
  // way back. Fails with resource_exhausted when the session's limit is reached.
  Result<Bytes> allocate(std::size_t size) const {
    Result<Buffer> buffer = allocate_buffer(size);
    if (!buffer.ok()) return std::move(buffer).error();
    return Bytes::from(*std::move(buffer));
  }
  Result<Buffer> allocate_buffer(std::size_t size) const {
    chi_buffer raw{};
    auto code = static_cast<Code>(services_.buffer_allocate(task_, size, &raw));
    if (code == Code::ok) return Buffer::adopt(raw);
    return Error{code, "no room for a reply of " + std::to_string(size) + " bytes in the caller's session", {}};
  }

 private:
  chi_task_info info() const {
    chi_task_info out{};
    services_.task_info(task_, &out);
    return out;
  }

  const chi_services& services_;
  chi_task* task_;
};

}  // namespace chi

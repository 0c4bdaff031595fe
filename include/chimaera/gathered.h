// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What several containers answered to one call: each one's reply or failure, or, where the request can merge, one value
// made of all that succeeded. A failure is never swallowed: look at complete(), or at `failures`.
//
// Plain values. Below them, for callers and the runtime, the form in which they travel (docs/design/0001).
#pragma once

#include <chimaera/codec.h>
#include <chimaera/result.h>
#include <chimaera/route.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chi {

struct Failure {
  std::uint32_t container = 0;
  Error error;
};

// One container's reply; the failures are among them, and in `failures` too.
template <class Req>
struct Gathered {
  struct Each {
    std::uint32_t container;
    Result<typename Req::Reply> reply;
  };
  std::vector<Each> replies;  // by container
  std::vector<Failure> failures;

  bool complete() const noexcept { return failures.empty(); }
};

// `value` is made of the replies of those that succeeded; as constructed where none did.
template <Mergeable Req>
struct Gathered<Req> {
  typename Req::Reply value{};
  std::vector<Failure> failures;

  bool complete() const noexcept { return failures.empty(); }
};

// The error that a failed call's reply is; one that says so when it cannot be read.
inline Error decode_error(std::int32_t code, const chi_message& reply) {
  Error error;
  if (reply.size != 0 && decode_message(reply, error).ok() && error.code != Code::ok) return error;
  return Error{static_cast<Code>(code), "the callee gave no reason", {}};
}

namespace detail {

inline constexpr std::uint32_t kMergedEntry = 0xffffffffU;  // in place of a container: the merged value
inline constexpr std::size_t kGatheredHead = 12;            // bytes of an entry in front of its message

struct GatheredEntry {
  std::uint32_t container = 0;
  std::int32_t code = 0;
  chi_message message{};
};

// Writes one entry, its buffers with references of their own. The count of entries, a u32, comes first.
inline void put_gathered(Encoder& to, const GatheredEntry& entry) {
  to.u32(entry.container);
  to.u16(static_cast<std::uint16_t>(entry.code));
  to.u16(static_cast<std::uint16_t>(entry.message.buffer_count));
  to.u32(entry.message.size);
  to.raw(entry.message.data, entry.message.size);
  for (std::uint32_t i = 0; i < entry.message.buffer_count; ++i) {
    block_add_reference(entry.message.buffers[i].block);
    to.attach(Buffer::adopt(entry.message.buffers[i]));
  }
}

// Calls visit(entry), which gives a Status, for each entry, until one fails. Checks every count against what is left.
template <class Visit>
Status visit_gathered(const chi_message& message, Visit visit) {
  Decoder from(message);
  std::size_t offset = sizeof(std::uint32_t);
  std::uint32_t buffers = 0;
  for (std::size_t left = from.count(kGatheredHead); left > 0; --left) {
    GatheredEntry entry;
    entry.container = from.u32();
    entry.code = from.u16();
    const std::uint32_t count = from.u16();
    const std::uint32_t size = from.u32();
    offset += kGatheredHead;
    if (!from.ok()) break;
    if (count > message.buffer_count - buffers) {
      from.fail("refers to a buffer that it does not have");
      break;
    }
    entry.message = {message.data + offset, size, count, message.buffers + buffers};
    from.skip(size);
    if (!from.ok()) break;
    Status visited = visit(entry);
    if (!visited.ok()) return visited;
    offset += size;
    buffers += count;
  }
  return from.status();
}

template <class Req>
Status add_gathered(Gathered<Req>& to, const GatheredEntry& entry) {
  Result<typename Req::Reply> reply{typename Req::Reply{}};
  if (entry.code != 0) {
    reply = decode_error(entry.code, entry.message);
    to.failures.push_back({entry.container, reply.error()});
  } else {
    reply = decode_message<typename Req::Reply>(entry.message);
    if (!reply.ok()) return reply.error();
  }
  if constexpr (!Mergeable<Req>) {
    to.replies.push_back({entry.container, std::move(reply)});
  } else if (reply.ok()) {
    to.value = *std::move(reply);
  }
  return {};
}

}  // namespace detail

template <class Req>
Result<Gathered<Req>> decode_gathered(const chi_message& message) {
  Gathered<Req> out;
  Status status =
      detail::visit_gathered(message, [&out](const auto& entry) { return detail::add_gathered(out, entry); });
  if (!status.ok()) return std::move(status).error();
  return out;
}

// The merged value of a set that must be complete: else the first failure's error, whose text names all that failed.
template <Mergeable Req>
Result<typename Req::Reply> decode_merged(const chi_message& message) {
  Result<Gathered<Req>> gathered = decode_gathered<Req>(message);
  if (!gathered.ok()) return std::move(gathered).error();
  if (gathered->complete()) return std::move(gathered->value);
  Error error = std::move(gathered->failures.front().error);
  error.text += " (failed in containers";
  for (const Failure& failure : gathered->failures) error.text.append(" ").append(std::to_string(failure.container));
  error.text += "; gather() gives the others' replies)";
  return error;
}

}  // namespace chi

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One record of handshake.h a packet, with file descriptors beside it. Functions on a socket that the caller owns; two
// threads must not receive, or send, on the same one at the same time.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "shm/handshake.h"

namespace chi::shm {

inline constexpr std::uint32_t kMaxPacketFds = 66;  // the lane map and an eventfd for each worker

struct ReceivedPacket {
  Record record;
  std::vector<UniqueFd> fds;
};

// Deadlines are CLOCK_MONOTONIC nanoseconds; 0: do not wait at all.
// Fails with deadline_exceeded, or with unavailable when the other side has gone.
Status send_packet(int socket, const Record& record, std::span<const int> fds, std::uint64_t deadline_ns);

// The next packet, checked: size, magic, version, text ended. Descriptors that are not wanted (more than `max_fds`) are
// closed and the packet refused. Fails with deadline_exceeded (nothing has come), unavailable (the other side has
// gone), invalid_argument (not one of our packets), failed_precondition (another protocol version) or
// resource_exhausted (descriptors were dropped for want of room in this process).
Result<ReceivedPacket> receive_packet(int socket, std::uint64_t deadline_ns, std::uint32_t max_fds = kMaxPacketFds);

// Writes `text` into the record, cut to what fits.
void set_text(Record& record, std::string_view text) noexcept;

}  // namespace chi::shm

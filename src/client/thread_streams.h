// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which stream of which session the calling thread has; when the thread ends, its streams go back to their sessions.
#pragma once

#include <cstdint>
#include <memory>

namespace chi::client {

class Session;
class Stream;

// Null when the thread has none in this session.
Stream* find_thread_stream(std::uint64_t session) noexcept;

// False at the very end of the thread, when there is nobody left to give the stream back.
bool add_thread_stream(std::uint64_t session, std::weak_ptr<Session> owner, Stream* stream);

}  // namespace chi::client

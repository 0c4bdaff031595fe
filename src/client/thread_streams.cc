// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A thread-local list, and a flag beside it that stays readable after the list was destroyed.
#include "client/thread_streams.h"

#include <utility>
#include <vector>

#include "client/session.h"

namespace chi::client {
namespace {

struct Binding {
  std::uint64_t session;
  std::weak_ptr<Session> owner;
  Stream* stream;
};

constinit thread_local bool thread_has_ended = false;

struct Bindings {
  std::vector<Binding> list;

  ~Bindings() {
    thread_has_ended = true;
    thread_cache = {0, nullptr};
    for (Binding& each : list) {
      if (auto owner = each.owner.lock(); owner && !owner->inherited()) owner->return_stream(each.stream);
    }
  }
};

thread_local Bindings bindings;

}  // namespace

Stream* find_thread_stream(std::uint64_t session) noexcept {
  if (thread_has_ended) return nullptr;
  for (const Binding& each : bindings.list) {
    if (each.session == session) return each.stream;
  }
  return nullptr;
}

bool add_thread_stream(std::uint64_t session, std::weak_ptr<Session> owner, Stream* stream) {
  if (thread_has_ended) return false;
  std::erase_if(bindings.list, [](const Binding& each) { return each.owner.expired(); });
  bindings.list.push_back({session, std::move(owner), stream});
  return true;
}

}  // namespace chi::client

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements core.h.
#include "core.h"

#include <utility>

#include "helpers.h"
#include "interpreter.h"

namespace chi::python {

namespace {

// "put_many" -> "PutManyReply", as module authors name them.
std::string reply_name(const std::string& method) {
  std::string out;
  bool upper = true;
  for (const char c : method) {
    if (c != '_') out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_';
  }
  return out + "Reply";
}

}  // namespace

std::uint32_t Core::fork_number_now() noexcept { return fork_number(); }

Core::~Core() {
  const Entered here;
  close();
}

Client Core::client() const {
  if (fork_ != fork_number()) {
    throw Failed{
        {Code::failed_precondition,
         "this client was made before a fork, and its connection is the parent's; connect() again in the child",
         "client"}};
  }
  check_open();
  return *client_;
}

void Core::check_open() const {
  if (!client_) throw Failed{{Code::failed_precondition, "this client is closed; connect() makes another", "client"}};
}

Pump& Core::pump() {
  if (!pump_) pump_ = std::make_unique<Pump>(client());
  return *pump_;
}

void Core::close() {
  std::optional<Client> client = std::exchange(client_, std::nullopt);
  std::unique_ptr<Pump> pump = std::move(pump_);
  if (fork_ != fork_number()) {  // the parent's, which still uses it
    [[maybe_unused]] Pump* left_alone = pump.release();
    if (client) static_cast<void>(new Client(*std::move(client)));
    return;
  }
  if (!client) return;
  Unlocked while_it_waits;
  pump.reset();
  client.reset();
}

std::shared_ptr<const client::RemotePool> Core::pool(const std::string& name, bool anew) {
  const auto known = pools_.find(name);
  if (known != pools_.end() && !anew) return known->second;
  const Client asked = client();
  auto found = unlocked([&] { return client::describe_pool(asked, name); });
  auto made = std::make_shared<const client::RemotePool>(value_of(std::move(found)));
  pools_[name] = made;
  return made;
}

std::shared_ptr<const MethodType> Core::method(const std::string& pool_name, const std::string& name) {
  const auto key = std::make_pair(pool_name, name);
  const auto known = methods_.find(key);
  if (known != methods_.end()) return known->second;
  Result<client::RemoteMethod> found = pool(pool_name)->find(name);
  if (!found.ok()) found = pool(pool_name, true)->find(name);
  auto made = std::make_shared<const MethodType>(value_of(std::move(found)), reply_name(name));
  methods_[key] = made;
  return made;
}

}  // namespace chi::python

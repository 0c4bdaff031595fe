// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a chimaera.Client of Python is made of: the connection, what is known of pools' methods, and the thread of its
// asynchronous calls. With the GIL, which is released while it waits.
#pragma once

#include <chimaera/client.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "client/remote_method.h"
#include "pump.h"
#include "values.h"

namespace chi::python {

// A method, and how its replies become objects. Immutable but for what the Reader has seen.
struct MethodType {
  MethodType(client::RemoteMethod of, std::string reply_name)
      : remote(std::move(of)), reader(remote.reply, std::move(reply_name)) {}
  MethodType(const MethodType&) = delete;
  MethodType& operator=(const MethodType&) = delete;

  const client::RemoteMethod remote;
  const Reader reader;
};

class Core {
 public:
  explicit Core(Client client) : client_(std::move(client)), fork_(fork_number_now()) {}
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Throws Failed once it is closed, and in a fork's child.
  Client client() const;
  Pump& pump();

  // Ends the connection once the calls under way are over; asynchronous ones fail.
  void close();
  // Throws Failed once it is closed: for waits in steps.
  void check_open() const;
  bool closed() const noexcept { return !client_; }

  // Throws Failed with not_found, naming what there is. What is known is asked for once; a method that is not among
  // what is known, a second time.
  std::shared_ptr<const MethodType> method(const std::string& pool, const std::string& name);
  std::shared_ptr<const client::RemotePool> pool(const std::string& name, bool anew = false);

  // Forgets all that is known: pools may have changed.
  void forget() {
    pools_.clear();
    methods_.clear();
    ++generation_;
  }
  std::uint64_t generation() const noexcept { return generation_; }

 private:
  static std::uint32_t fork_number_now() noexcept;

  std::optional<Client> client_;
  std::unique_ptr<Pump> pump_;
  const std::uint32_t fork_;
  std::uint64_t generation_ = 0;
  std::map<std::string, std::shared_ptr<const client::RemotePool>> pools_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const MethodType>> methods_;
};

}  // namespace chi::python

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A call that the daemon repeats by itself, until it is cancelled or this program ends.
#include <chimaera/admin.h>
#include <chimaera/client.h>
#include <small_message/small_message.h>

#include <chrono>
#include <iostream>

namespace {

// How often the pool's one container has done something.
std::uint64_t completed(const chi::Client& client) {
  auto pool = client.admin().call<chi::admin::PoolDescribe>("heartbeat").get().value();
  return pool.containers.at(0).completed;
}

}  // namespace

int main() {
  using namespace std::chrono_literals;
  auto client = chi::Client::connect().value();
  auto pool = client.create_pool("heartbeat", {.module = "small_message", .if_absent = true}).value();

  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t before = completed(client);
  chi::Periodic beat = pool.every(10ms).call<small_message::Null>().value();
  while (completed(client) < before + 5) {
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  beat.cancel();
  const chi::Error end = beat.wait();

  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  std::cout << "5 beats in " << ms << " ms; it ended with " << end.to_string() << "\n";
  return took >= 49ms && end.code == chi::Code::cancelled ? 0 : 1;
}

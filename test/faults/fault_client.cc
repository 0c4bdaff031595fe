// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// fault_client SOCKET write|bulk|asleep|many: a client that is busy in one of four ways until it is killed. Says
// "ready" once it is.
#include <chimaera/client.h>
#include <kv/kv.h>
#include <small_message/small_message.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

int fail(const chi::Error& error) {
  std::fprintf(stderr, "fault_client: %s\n", error.to_string().c_str());
  return 1;
}

void say_ready() {
  std::puts("ready");
  std::fflush(stdout);
}

int write_for_ever(const chi::Client& client) {
  auto pool = client.pool("store");
  const std::string value(300, 'v');
  for (unsigned i = 0;; ++i) {
    std::vector<chi::Future<kv::PutReply>> puts;
    for (int k = 0; k < 32; ++k) puts.push_back(pool.call<kv::Put>("victim" + std::to_string(k), chi::Bytes(value)));
    if (i == 0) say_ready();
    for (auto& put : puts) {
      if (auto done = put.get(); !done.ok()) return fail(done.error());
    }
  }
}

int bulk_for_ever(const chi::Client& client) {
  auto pool = client.pool("small").on(chi::container(1));
  auto first = pool.call<small_message::Read>(std::uint64_t{1} << 20, 1U).get();
  if (!first.ok()) return fail(first.error());
  for (unsigned i = 0;; ++i) {
    auto call = pool.call<small_message::Io>(first->data, first->checksum, std::uint64_t{1} << 20, std::uint64_t{i});
    if (i == 0) say_ready();
    if (auto done = call.get(); !done.ok()) return fail(done.error());
  }
}

int sleep_for_ever(const chi::Client& client) {
  auto nap = client.pool("small")
                 .on(chi::container(2))
                 .with_deadline(std::chrono::hours(1))
                 .call<small_message::Nap>(std::uint64_t{3'600'000'000});
  say_ready();
  auto done = nap.get();
  return done.ok() ? 0 : fail(done.error());
}

// Eight streams with a thousand calls each under way, one by one.
int many_naps(const chi::Client& client) {
  std::vector<std::vector<chi::Future<small_message::Nothing>>> naps(8);
  for (auto& each : naps) {
    std::thread([&] {
      auto pool = client.pool("small").with_deadline(std::chrono::hours(1));
      for (std::uint32_t i = 0; i < 1000; ++i) {
        each.push_back(pool.on(chi::container(1 + i % 2)).call<small_message::Nap>(std::uint64_t{3'600'000'000}));
      }
      say_ready();
      for (auto& nap : each) (void)nap.get();
    }).detach();
  }
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto client = chi::Client::connect({.socket = argv[1]});
  if (!client.ok()) return fail(client.error());
  if (std::strcmp(argv[2], "write") == 0) return write_for_ever(*client);
  if (std::strcmp(argv[2], "bulk") == 0) return bulk_for_ever(*client);
  if (std::strcmp(argv[2], "many") == 0) return many_naps(*client);
  return sleep_for_ever(*client);
}

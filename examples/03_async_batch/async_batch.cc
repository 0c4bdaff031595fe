// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Many calls at once: each is on its way as soon as it is made, and its Future is asked later.
#include <chimaera/client.h>
#include <kv/kv.h>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr int kCalls = 1000;

std::string key(int i) { return "key-" + std::to_string(i); }

template <class F>
long microseconds(F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main() {
  auto client = chi::Client::connect().value();
  auto pool = client.create_pool("batch", {.module = "kv", .containers = 4, .if_absent = true}).value();

  const long one_by_one = microseconds([&] {
    for (int i = 0; i < kCalls; ++i) pool.call<kv::Put>(key(i), "first").get().value();
  });
  const long at_once = microseconds([&] {
    std::vector<chi::Future<kv::PutReply>> futures;
    futures.reserve(kCalls);
    for (int i = 0; i < kCalls; ++i) futures.push_back(pool.call<kv::Put>(key(i), "second"));
    chi::wait_all(futures);
    for (auto& future : futures) future.get().value();  // each may have failed by itself
  });
  std::cout << kCalls << " puts: " << one_by_one << " us one by one, " << at_once << " us at once\n";

  std::vector<chi::Future<kv::GetReply>> gets;
  gets.reserve(kCalls);
  for (int i = 0; i < kCalls; ++i) gets.push_back(pool.call<kv::Get>(key(i)));
  int right = 0;
  for (auto& get : gets) right += get.get().value().value == chi::Bytes("second");
  std::cout << right << " of " << kCalls << " as they should be\n";
  return right == kCalls ? 0 : 1;
}

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One call to all containers: each works on its part of the data, where that is, and only the results travel.
#include <chimaera/client.h>
#include <kv/kv.h>

#include <array>
#include <iostream>
#include <string>

int main() {
  auto client = chi::Client::connect().value();
  auto fruit = client.create_pool("fruit", {.module = "kv", .containers = 8, .if_absent = true}).value();
  const std::array<std::string, 3> colors = {"red", "green", "yellow"};
  for (int i = 0; i < 300; ++i) {
    fruit.call<kv::Put>("fruit-" + std::to_string(i), "Color: " + colors[i % 3] + "\n").get().value();
  }

  // kv::Tally has a merge(): the node folds the containers' replies into one.
  auto tally = fruit.call<kv::Tally>("Color").get().value();
  for (auto& [color, count] : tally.counts) std::cout << count << " are " << color << "\n";

  // on() says which containers; gather() also tells which of them failed, if any.
  auto half = fruit.on(chi::range(0, 4)).gather<kv::Count>().get().value();
  auto rest = fruit.on(chi::range(4, 4)).gather<kv::Count>().get().value();
  std::cout << half.value.count << " lie in the first four containers, " << rest.value.count << " in the others\n";

  // And one container alone, eight times.
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < 8; ++i) sum += fruit.on(chi::container(i)).call<kv::Count>().get().value().count;

  const bool right = tally.counts["red"] == 100 && tally.counts["green"] == 100 && half.complete() &&
                     half.value.count + rest.value.count == 300 && sum == 300;
  return right ? 0 : 1;
}

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A pool of the module kv: records that lie in its containers, each where its key's hash says.
#include <chimaera/client.h>
#include <kv/kv.h>

#include <iostream>

int main() {
  auto client = chi::Client::connect().value();  // value() throws what went wrong: for examples
  auto inventory = client.create_pool("inventory", {.module = "kv", .containers = 8, .if_absent = true}).value();

  // The request's fields are the arguments. A call gives a Future; get() waits, and gives a Result.
  inventory.call<kv::Put>("apple", "red").get().value();
  inventory.call<kv::Put>("banana", "yellow").get().value();
  auto replaced = inventory.call<kv::Put>("apple", "green").get().value().replaced;

  auto apple = inventory.call<kv::Get>("apple").get().value();
  auto cherry = inventory.call<kv::Get>("cherry").get().value();
  std::cout << "apple is " << apple.value.value_or("nowhere").view() << "\n";
  std::cout << "cherry is " << cherry.value.value_or("nowhere").view() << "\n";

  // What cannot be done is a Result without a value: a code, and a text that says what to do.
  auto refused = inventory.call<kv::Put>("", "nothing").get();
  std::cout << "no key: " << refused.error().to_string() << "\n";

  inventory.call<kv::Del>("banana").get().value();
  auto count = inventory.call<kv::Count>().get().value().count;  // of all containers together
  std::cout << count << " record left\n";

  const bool right = replaced && apple.value == chi::Bytes("green") && !cherry.value && count == 1 &&
                     refused.code() == chi::Code::invalid_argument;
  return right ? 0 : 1;
}

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Has a file of a million bytes added up by the module beside it.
#include <chimaera/client.h>
#include <pipelined_io/pipelined_io.h>
#include <stdlib.h>
#include <unistd.h>

#include <iostream>

int main() {
  char path[] = "/tmp/pipelined-io-XXXXXX";
  const int fd = ::mkstemp(path);
  const std::string bytes(1'000'000, 'x');
  if (::write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return 1;

  auto client = chi::Client::connect().value();
  auto pool = client.create_pool("adder", {.module = "pipelined_io", .if_absent = true}).value();
  auto sum = pool.call<pipelined_io::Sum>(path).get();
  auto missing = pool.call<pipelined_io::Sum>("/no/such/file").get();
  ::unlink(path);
  if (!sum.ok()) std::cerr << sum.error().to_string() << "\n";
  std::cout << sum->bytes << " bytes, whose sum is " << sum->sum << "\n" << missing.error().to_string() << "\n";
  return sum->bytes == bytes.size() && sum->sum == 'x' * bytes.size() ? 0 : 1;
}

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The first call: finds the daemon of this node, and asks it who it is.
#include <chimaera/admin.h>
#include <chimaera/client.h>

#include <iostream>

int main() {
  auto client = chi::Client::connect();
  if (!client.ok()) {
    std::cerr << client.error().to_string() << "\n";  // what is wrong, and what to do
    return 1;
  }
  auto status = client->admin().call<chi::admin::GetStatus>().get();
  if (!status.ok()) {
    std::cerr << status.error().to_string() << "\n";
    return 1;
  }
  std::cout << "hello from daemon '" << status->name << "', process " << status->pid << ", with "
            << status->workers.size() << " workers\n";
  return status->pid != 0 ? 0 : 1;
}

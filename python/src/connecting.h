// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Connecting, while this thread hears signals.
#pragma once

#include <chimaera/client.h>

namespace chi::python {

// As Client::connect, on a thread of its own. With the GIL, which is released while it waits. Throws what a signal's
// handler raises; the thread then goes on until the options' timeout, and what it has connected is closed.
Result<Client> connect_aside(const ConnectOptions& options);

}  // namespace chi::python

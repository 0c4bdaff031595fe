// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A pool's method as the daemon describes it: enough to call it without knowing it when this program was built.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/client.h>

#include <cstdint>
#include <string>

#include "codec/schema_type.h"

namespace chi::cli {

struct RemoteMethod {
  admin::MethodInfo info;
  std::uint32_t containers = 0;  // of the pool
  SchemaType request;
  SchemaType reply;
};

// Fails with not_found, naming what there is, when pool or method do not exist.
Result<RemoteMethod> find_method(const Client& client, const std::string& pool, const std::string& method);

// Where the method's own route sends this request.
Result<Query> route(const RemoteMethod& method, const chi_message& request);

}  // namespace chi::cli

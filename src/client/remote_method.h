// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A pool's methods as the daemon describes them: enough to call them without knowing them when this program was built.
// What command line and Python have in common. Plain values.
#pragma once

#include <chimaera/admin.h>
#include <chimaera/client.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/schema_type.h"

namespace chi::client {

struct RemoteMethod {
  admin::MethodInfo info;
  std::uint32_t containers = 0;  // of the pool
  SchemaType request;
  SchemaType reply;
};

struct RemotePool {
  admin::PoolInfo pool;
  std::vector<admin::MethodInfo> methods;

  // Fails with not_found, naming what there is and what may have been meant, when there is no such method.
  Result<RemoteMethod> find(std::string_view method) const;
};

// Two questions to the admin pool. Fails with not_found when there is no such pool.
Result<RemotePool> describe_pool(const Client& client, const std::string& pool);

Result<RemoteMethod> find_method(const Client& client, const std::string& pool, std::string_view method);

// Where the method's own route sends this request.
Result<Query> route(const RemoteMethod& method, const chi_message& request);

// A module's Config, as create_pool() takes it. Fails where the module cannot be described.
Result<SchemaType> config_type(const Client& client, const std::string& module);

}  // namespace chi::client

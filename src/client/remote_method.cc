// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Two questions to the admin pool: which module is the pool's, and what are its methods.
#include "client/remote_method.h"

#include <chimaera/abi.h>
#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "codec/json.h"

namespace chi::client {

Result<RemoteMethod> RemotePool::find(std::string_view method) const {
  std::vector<std::string> names;
  for (const admin::MethodInfo& each : methods) {
    names.push_back(each.name);
    if (each.name != method) continue;
    Result<SchemaType> request = parse_schema(each.request_schema);
    if (!request.ok()) return std::move(request).error();
    Result<SchemaType> reply = parse_schema(each.reply_schema);
    if (!reply.ok()) return std::move(reply).error();
    return RemoteMethod{each, pool.containers, *std::move(request), *std::move(reply)};
  }
  return Error{Code::not_found,
               fmt::format("module '{}' has no method '{}', but {}{}", pool.module, method, list_of(names),
                           did_you_mean(method, names)),
               {}};
}

Result<RemotePool> describe_pool(const Client& client, const std::string& pool) {
  const Pool admin = client.admin();
  auto found = admin.call<admin::PoolFind>(pool).get();
  if (!found.ok()) return std::move(found).error();
  auto module = admin.call<admin::ModuleDescribe>(found->module).get();
  if (!module.ok()) return std::move(module).error();
  return RemotePool{*std::move(found), std::move(module->methods)};
}

Result<RemoteMethod> find_method(const Client& client, const std::string& pool, std::string_view method) {
  const Result<RemotePool> described = describe_pool(client, pool);
  if (!described.ok()) return described.error();
  return described->find(method);
}

Result<Query> route(const RemoteMethod& method, const chi_message& request) {
  switch (method.info.route) {
    case CHI_ROUTE_HASH: {
      const Result<std::uint64_t> value = field_hash(method.request, method.info.route_field, request);
      if (!value.ok()) return value.error();
      return chi::hash(*value);
    }
    case CHI_ROUTE_ALL:
      return chi::all();
    case CHI_ROUTE_ANY:
      return chi::any();
    default:
      return method.info.merges ? chi::all() : method.containers == 1 ? chi::container(0) : chi::any();
  }
}

Result<SchemaType> config_type(const Client& client, const std::string& module) {
  const auto described = client.admin().call<admin::ModuleDescribe>(module).get();
  if (!described.ok()) return described.error();
  return parse_schema(described->config_schema);
}

}  // namespace chi::client

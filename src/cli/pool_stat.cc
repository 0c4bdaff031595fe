// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// By schema, as `chimaera call` does it: nothing here knows a module.
#include "cli/pool_stat.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/json.h"
#include "cli/outcome.h"
#include "codec/schema_type.h"

namespace chi::cli {

namespace {

struct StatMethod {
  std::uint32_t id = 0;
  SchemaType request;
  SchemaType reply;
};

// The method that can be called without knowing what it means.
std::optional<StatMethod> find_stat(const admin::ModuleDescription& module) {
  for (const admin::MethodInfo& method : module.methods) {
    if (method.name != "stat" || method.write) continue;
    Result<SchemaType> request = parse_schema(method.request_schema);
    Result<SchemaType> reply = parse_schema(method.reply_schema);
    if (!request.ok() || !reply.ok()) return std::nullopt;
    const bool asks_nothing = std::all_of(request->of.begin(), request->of.end(), [](const SchemaType& field) {
      return field.kind == SchemaType::Kind::optional;
    });
    if (!asks_nothing) return std::nullopt;
    return StatMethod{method.id, *std::move(request), *std::move(reply)};
  }
  return std::nullopt;
}

std::map<std::string, StatMethod> find_methods(const Client& client, const std::vector<admin::PoolInfo>& pools) {
  std::map<std::string, Future<admin::ModuleDescription>> asked;
  for (const admin::PoolInfo& pool : pools) {
    if (asked.contains(pool.module)) continue;
    asked.emplace(pool.module, client.admin().call<admin::ModuleDescribe>(pool.module));
  }
  std::map<std::string, StatMethod> out;
  for (auto& [module, future] : asked) {
    const auto described = future.get();
    if (!described.ok()) continue;  // what its pools are made of may be gone from the repos
    if (std::optional<StatMethod> method = find_stat(*described)) out.emplace(module, *std::move(method));
  }
  return out;
}

PoolStat failed(const std::string& pool, const Error& error) {
  PoolStat out;
  out.told["error"] = error_json(error);
  out.problems.push_back(fmt::format("{}: {}: {}", pool, code_name(error.code), error.text));
  return out;
}

PoolStat read_answer(const std::string& pool, const StatMethod& method, const Result<RawReply>& raw) {
  if (!raw.ok()) return failed(pool, raw.error());
  const Result<Outcome> outcome = decode_outcome(method.reply, *raw);
  if (!outcome.ok()) return failed(pool, outcome.error());
  PoolStat out;
  out.told = outcome_json(*outcome);
  if (outcome->value) collect_operations(method.reply, *outcome->value, pool, std::nullopt, out.operations);
  for (const Json& each : outcome->replies) {
    collect_operations(method.reply, each["reply"], pool, each["container"].get<std::uint64_t>(), out.operations);
  }
  for (const Json& each : outcome->failures) {
    out.problems.push_back(fmt::format("{}/{}: {}: {}", pool, each["container"].get<std::uint64_t>(),
                                       each["error"]["code"].get<std::string>(),
                                       each["error"]["text"].get<std::string>()));
  }
  return out;
}

}  // namespace

std::map<std::string, PoolStat> ask_pools(const Client& client, const std::vector<admin::PoolInfo>& pools,
                                          std::chrono::nanoseconds deadline) {
  struct Asked {
    const admin::PoolInfo* pool;
    const StatMethod* method;
    Future<RawReply> answer;
  };
  const std::map<std::string, StatMethod> methods = find_methods(client, pools);
  std::vector<Asked> asked;
  for (const admin::PoolInfo& pool : pools) {
    const auto method = methods.find(pool.module);
    if (method == methods.end()) continue;
    Encoder encoder;
    if (!json_to_wire(method->second.request, Json::object(), encoder).ok()) continue;
    const Pool all = client.pool(pool.name).on(chi::all()).with_deadline(deadline);
    asked.push_back({&pool, &method->second, all.call_raw(method->second.id, encoder.message())});
  }
  std::map<std::string, PoolStat> out;
  for (Asked& each : asked) {
    out.emplace(each.pool->name, read_answer(each.pool->name, *each.method, each.answer.get()));
  }
  return out;
}

}  // namespace chi::cli

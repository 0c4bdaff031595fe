// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera pool list|describe|create|destroy`.
#include <chimaera/admin.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/target.h"
#include "client/remote_method.h"

namespace chi::cli {

namespace {

struct PoolArguments {
  Target target;
  std::string name;
  std::string module;
  std::vector<std::string> fields;
  std::string config;
  std::uint32_t containers = 1;
  std::string mode = "600";
  bool if_absent = false;
  std::string deadline = "30s";
};

std::string render_pool(const admin::PoolInfo& pool) {
  return fmt::format("pool '{}', id {}, module {} {}{}, {} container{}, owner {}:{}, mode {:04o}\n",
                     printable(pool.name), pool.id, printable(pool.module), printable(pool.module_version),
                     pool.module_build.empty() ? "" : " build " + pool.module_build, pool.containers,
                     pool.containers == 1 ? "" : "s", pool.uid, pool.gid, pool.mode);
}

std::string render_pools(const std::vector<admin::PoolInfo>& pools) {
  Table table({"pool", "id", "module", "version", "build", "containers", "owner", "mode"});
  for (const auto& pool : pools) {
    table.add({pool.name, std::to_string(pool.id), pool.module, pool.module_version, pool.module_build,
               std::to_string(pool.containers), fmt::format("{}:{}", pool.uid, pool.gid),
               fmt::format("{:04o}", pool.mode)});
  }
  return table.text();
}

std::string render_containers(const std::vector<admin::ContainerInfo>& containers) {
  Table table({"container", "node", "worker", "epoch", "running", "completed"});
  for (const auto& each : containers) {
    table.add({std::to_string(each.index), std::to_string(each.node), std::to_string(each.worker),
               std::to_string(each.epoch), human_count(each.running), human_count(each.completed)});
  }
  return table.text();
}

int run_list(const PoolArguments& given) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  const auto reply = client->admin().call<admin::PoolList>().get();
  if (!reply.ok()) return report(*client, reply.error());
  if (given.target.json) return print_result(to_json(*reply));
  std::fputs(render_pools(reply->pools).c_str(), stdout);
  return kDone;
}

// The configuration by its fields; none where none was given.
Result<Json> config_json(const admin::PoolDescription& described) {
  if (described.config.size() == 0) return Json::object();
  const Result<SchemaType> type = parse_schema(described.config_schema);
  if (!type.ok()) return type.error();
  return wire_to_json(*type,
                      {described.config.data(), static_cast<std::uint32_t>(described.config.size()), 0, nullptr});
}

std::string render_config(const Json& config) {
  std::string fields;
  for (const auto& field : config.items()) {
    const Json& value = field.value();
    fields += fmt::format(
        " {}={}", field.key(),
        value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return fmt::format("configuration:{}\n", fields.empty() ? " the module's defaults" : printable(fields));
}

int run_describe(const PoolArguments& given) {
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  const auto reply = client->admin().call<admin::PoolDescribe>(given.name).get();
  if (!reply.ok()) return report(*client, reply.error());
  const Result<Json> config = config_json(*reply);
  if (!config.ok()) return report(config.error());
  if (given.target.json) {
    Result<Json> all = to_json(*reply);
    if (all.ok()) (*all)["config"] = *config;
    return print_result(all);
  }
  std::fputs((render_pool(reply->pool) + render_config(*config) + render_containers(reply->containers)).c_str(),
             stdout);
  return kDone;
}

// The module's configuration as it travels, from its fields on the command line.
Result<Bytes> encode_config(const Client& client, const PoolArguments& given) {
  if (given.fields.empty() && given.config.empty()) return Bytes();
  const Result<SchemaType> type = client::config_type(client, given.module);
  if (!type.ok()) return type.error();
  const Result<Json> json = request_json(*type, given.fields, given.config);
  if (!json.ok()) return json.error();
  Encoder encoder;
  encoder.inline_bytes();
  Status encoded = json_to_wire(*type, *json, encoder);
  if (!encoded.ok()) return std::move(encoded).error();
  return Bytes(encoder.message().data, encoder.message().size);
}

int run_create(const PoolArguments& given) {
  const Result<std::uint32_t> mode = parse_mode(given.mode);
  if (!mode.ok()) return report_usage(mode.error());
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  Result<Bytes> config = encode_config(*client, given);
  if (!config.ok()) return report(*client, config.error());
  const admin::PoolCreate request{given.name, given.module,    given.containers,
                                  *mode,      given.if_absent, *std::move(config)};
  const auto pool = client->admin().send(request).get();
  if (!pool.ok()) return report(*client, pool.error());
  if (given.target.json) return print_result(to_json(*pool));
  std::fputs(render_pool(*pool).c_str(), stdout);
  return kDone;
}

int run_destroy(const PoolArguments& given) {
  const Result<std::uint64_t> deadline = parse_duration(given.deadline);
  if (!deadline.ok()) return report_usage(deadline.error());
  const Result<Client> client = connect(given.target);
  if (!client.ok()) return report_unreachable(client.error());
  const Pool admin = client->admin().with_deadline(std::chrono::nanoseconds(*deadline));
  const auto reply = admin.call<admin::PoolDestroy>(given.name).get();
  if (!reply.ok()) return report(*client, reply.error());
  if (given.target.json) return print_result(to_json(*reply));
  std::printf("destroyed '%s'\n", printable(given.name).c_str());
  return kDone;
}

CLI::App* add_command(CLI::App& group, const char* name, const char* help, std::shared_ptr<PoolArguments> given,
                      Action& run, int (*command)(const PoolArguments&)) {
  CLI::App* added = group.add_subcommand(name, help);
  add_target(*added, given->target);
  added->callback([&run, given, command] { run = [given, command] { return command(*given); }; });
  return added;
}

void add_create(CLI::App& group, Action& run) {
  auto given = std::make_shared<PoolArguments>();
  CLI::App* create = add_command(group, "create", "Create a pool of a module's containers", given, run, run_create);
  create->add_option("POOL", given->name, "the new pool's name")->required();
  create->add_option("--module,-m", given->module, "the module, as in `chimaera module list`")->required();
  create->add_option("--containers,-c", given->containers, "how many")->capture_default_str();
  create->add_option("--mode", given->mode, "who may call: 4 reading, 2 changing methods, as chmod")
      ->capture_default_str();
  create->add_flag("--if-absent", given->if_absent, "do nothing where such a pool is there already");
  create->add_option("--config", given->config, "the module's configuration, as a JSON object")->type_name("JSON");
  create->add_option("FIELD", given->fields, "the same, as key=value");
}

}  // namespace

void add_pool(CLI::App& program, Action& run) {
  CLI::App* group = program.add_subcommand("pool", "List, describe, create and destroy pools");
  group->require_subcommand(1);
  auto given = std::make_shared<PoolArguments>();
  add_command(*group, "list", "List the pools", given, run, run_list);
  given = std::make_shared<PoolArguments>();
  CLI::App* describe = add_command(*group, "describe", "Show a pool and its containers", given, run, run_describe);
  describe->add_option("POOL", given->name, "the pool's name")->required();
  add_create(*group, run);
  given = std::make_shared<PoolArguments>();
  CLI::App* destroy = add_command(*group, "destroy", "Destroy a pool, with all that is in it", given, run, run_destroy);
  destroy->add_option("POOL", given->name, "the pool's name")->required();
  destroy->add_option("--deadline", given->deadline, "how long to wait for calls that run")->capture_default_str();
}

}  // namespace chi::cli

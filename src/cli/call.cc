// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera call`: any method of any pool, by the schemas that its module brings along.
#include <chimaera/gathered.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/outcome.h"
#include "cli/table.h"
#include "cli/target.h"
#include "client/remote_method.h"

namespace chi::cli {

namespace {

struct CallArguments {
  Target target;
  std::string pool;
  std::string method;
  std::string query;
  std::string json;  // of --json: empty where it is not given, "true" where it has no request
  std::vector<std::string> fields;
  std::string deadline = "30s";
  bool bulk = false;
};

// One row for each container: its reply's fields, or its error.
std::string render_each(const Outcome& outcome) {
  Json rows = Json::array();
  for (const Json& each : outcome.replies) {
    Json row;
    row["container"] = each["container"];
    if (each["reply"].is_object()) row.update(each["reply"]);
    rows.push_back(std::move(row));
  }
  return render(rows);
}

// Of one container among several, on stderr.
void print_partial_failure(const Json& failure, bool json) {
  const Json& error = failure["error"];
  if (json) {
    std::fprintf(stderr, "%s\n", failure.dump(-1, ' ', true, Json::error_handler_t::replace).c_str());
  } else {
    std::fprintf(stderr, "error: container %u: %s: %s\n", failure["container"].get<unsigned>(),
                 error["code"].get<std::string>().c_str(), printable(error["text"].get<std::string>()).c_str());
  }
}

int show(const Outcome& outcome, bool gathered, bool json) {
  if (json) {
    print_json(gathered ? outcome_json(outcome) : *outcome.value);
  } else if (outcome.value) {
    std::fputs(outcome.value->empty() ? "done\n" : render(*outcome.value).c_str(), stdout);
  } else if (!outcome.replies.empty()) {
    std::fputs(render_each(outcome).c_str(), stdout);
  }
  for (const Json& failure : outcome.failures) print_partial_failure(failure, json);
  if (outcome.failures.empty()) return kDone;
  return outcome.value || !outcome.replies.empty() ? kPartlyFailed : kFailed;
}

struct Parsed {
  Query query;
  std::chrono::nanoseconds deadline;
  std::string request;  // JSON text, or empty
  bool json;            // wanted
};

Result<Parsed> parse(const CallArguments& given) {
  const Result<Query> query = query_of(given.query);
  if (!query.ok()) return query.error();
  const Result<std::uint64_t> deadline = parse_duration(given.deadline);
  if (!deadline.ok()) return deadline.error();
  const auto fields = split_fields(given.fields);
  if (!fields.ok()) return fields.error();
  return Parsed{*query, std::chrono::nanoseconds(*deadline), given.json == "true" ? "" : given.json,
                !given.json.empty()};
}

// What the command line gives for a Buffer is a value: the callee gets memory of its own to work in.
Result<std::vector<Buffer>> shared_copies(const Client& client, const chi_message& request) {
  std::vector<Buffer> out;
  out.reserve(request.buffer_count);
  for (std::uint32_t i = 0; i < request.buffer_count; ++i) {
    const chi_buffer& from = request.buffers[i];
    Result<Buffer> copy = client.allocate_buffer(from.size);
    if (!copy.ok()) return std::move(copy).error();
    if (from.size != 0) std::memcpy(copy->data(), from.data, from.size);
    out.push_back(*std::move(copy));
  }
  return out;
}

int run_call(const CallArguments& given) {
  const Result<Parsed> parsed = parse(given);
  if (!parsed.ok()) return report_usage(parsed.error());
  const Result<Client> connected = connect(given.target);
  if (!connected.ok()) return report_unreachable(connected.error());
  const Result<client::RemoteMethod> method = client::find_method(*connected, given.pool, given.method);
  if (!method.ok()) return report(*connected, method.error());
  const Result<Json> json = request_json(method->request, given.fields, parsed->request);
  if (!json.ok()) return report(json.error());
  Encoder encoder;
  const Status encoded = json_to_wire(method->request, *json, encoder);
  if (!encoded.ok()) return report(encoded.error());
  Query query = parsed->query;
  if (query.kind == QueryKind::automatic) {
    const Result<Query> routed = client::route(*method, encoder.message());
    if (!routed.ok()) return report(routed.error());
    query = *routed;
  }
  Pool pool = connected->pool(given.pool).on(query).with_deadline(parsed->deadline);
  if (given.bulk) pool = pool.with_priority(Priority::high_throughput);
  const Result<std::vector<Buffer>> shared = shared_copies(*connected, encoder.message());
  if (!shared.ok()) return report(*connected, shared.error());
  std::vector<chi_buffer> buffers;
  buffers.reserve(shared->size());
  for (const Buffer& buffer : *shared) buffers.push_back(buffer.raw());
  chi_message request = encoder.message();
  request.buffers = buffers.data();
  const Result<RawReply> raw = pool.call_raw(method->info.id, request).get();
  if (!raw.ok()) return report(*connected, raw.error());
  Result<Outcome> outcome = decode_outcome(method->reply, *raw);
  if (!outcome.ok()) return report(outcome.error());
  if (given.pool == "admin") {
    if (outcome->value) ids_as_text(method->reply, *outcome->value);
    for (Json& each : outcome->replies) ids_as_text(method->reply, each["reply"]);
  }
  return show(*outcome, raw->gathered, parsed->json);
}

}  // namespace

void add_call(CLI::App& program, Action& run) {
  CLI::App* command = program.add_subcommand("call", "Call a method of a pool");
  auto given = std::make_shared<CallArguments>();
  add_name(*command, given->target.name);
  command->add_option("--socket", given->target.socket, "the daemon's socket, where it is not found by name");
  // A flag, so that it takes no word by itself; run_program() makes one word of it and its request.
  command->add_flag("--json", given->json, "print JSON; with '{...}' as the request, - for stdin");
  command->add_option("--query,-q", given->query,
                      "which containers: all any container:3 range:0-3 hash:KEY local leader until:0-3 "
                      "node:1; else the method's own choice");
  command->add_option("--deadline", given->deadline, "how long to wait, as in 500ms")->capture_default_str();
  command->add_flag("--bulk", given->bulk, "priority high_throughput: stand back behind others' calls");
  command->add_option("POOL", given->pool, "the pool's name")->required();
  command->add_option("METHOD", given->method, "see `chimaera module describe`")->required();
  command->add_option("FIELD", given->fields,
                      "the request's fields, as key=value; key=@FILE: what is in the file, @@ for a leading @");
  command->callback([&run, given] { run = [given] { return run_call(*given); }; });
}

}  // namespace chi::cli

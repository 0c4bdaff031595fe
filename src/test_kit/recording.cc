// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Calls as JSON and back.
#include "test_kit/recording.h"

#include <fmt/format.h>

#include "chimaera/gathered.h"
#include "codec/json_text.h"
#include "codec/schema_type.h"

namespace chi::test_kit {
namespace {

Json read_message(const char* schema, const chi_message& message) {
  Result<SchemaType> type = parse_schema(schema);
  if (!type) return type.error().to_string();
  Result<Json> json = wire_to_json(*type, message);
  return json ? *std::move(json) : Json(json.error().to_string());
}

void put_gathered(const std::string& schema, const chi_message& message, Json& out) {
  Json replies = Json::array();
  Json failures = Json::array();
  Status read = detail::visit_gathered(message, [&](const detail::GatheredEntry& entry) {
    if (entry.code != 0) {
      failures.push_back({{"container", entry.container}, {"code", code_name(static_cast<Code>(entry.code))}});
    } else if (entry.container == detail::kMergedEntry) {
      out["merged"] = read_message(schema.c_str(), entry.message);
    } else {
      replies.push_back({{"container", entry.container}, {"reply", read_message(schema.c_str(), entry.message)}});
    }
    return Status();
  });
  if (!read) out["damaged"] = read.error().text;
  if (!out.contains("merged")) out["replies"] = std::move(replies);
  out["failures"] = std::move(failures);
}

Error bad_line(const std::string& path, std::size_t line, std::string_view what) {
  return {Code::invalid_argument, fmt::format("{}:{}: {}", path, line, what), "test kit"};
}

bool has(const Json& json, const char* field, Json::value_t type) {
  return json.contains(field) && json[field].type() == type;
}

Result<RecordedCall> parse_line(const Json& json) {
  auto wrong = [](std::string_view what) { return Error{Code::invalid_argument, std::string(what), {}}; };
  if (!json.is_object()) return wrong("is no JSON object; each line of a recording is one");
  for (const char* field : {"pool", "method", "query", "code"}) {
    if (!has(json, field, Json::value_t::string)) return wrong(fmt::format("needs a text '{}'", field));
  }
  if (!has(json, "at_ns", Json::value_t::number_unsigned)) return wrong("needs a number 'at_ns' of 0 or more");
  if (!has(json, "request", Json::value_t::object)) return wrong("needs an object 'request'");
  RecordedCall call;
  call.at_ns = json["at_ns"].get<std::uint64_t>();
  call.pool = json["pool"].get<std::string>();
  call.method = json["method"].get<std::string>();
  call.request = json["request"];
  if (!parse_query(json["query"].get<std::string>(), call.options.query)) {
    return wrong("'query' is none: all, any, local, leader, hash:KEY, container:3, range:0-3, node:1 or until:0-3");
  }
  if (has(json, "deadline_ns", Json::value_t::number_unsigned)) {
    call.options.deadline = std::chrono::nanoseconds(json["deadline_ns"].get<std::int64_t>());
  }
  if (has(json, "uid", Json::value_t::number_unsigned) && has(json, "gid", Json::value_t::number_unsigned)) {
    call.options.as_owner = false;
    call.options.uid = json["uid"].get<std::uint32_t>();
    call.options.gid = json["gid"].get<std::uint32_t>();
  }
  if (json.value("bulk", Json(false)) == true) call.options.priority = Priority::high_throughput;
  for (const char* field : {"code", "text", "reply", "merged", "replies", "failures"}) {
    if (json.contains(field)) call.answer[field] = json[field];
  }
  return call;
}

// Objects regardless of the order of their fields.
bool same(const Json& a, const Json& b) { return nlohmann::json(a) == nlohmann::json(b); }

// A reply: those fields that were recorded.
bool same_reply(const Json& recorded, const Json& now) {
  if (!recorded.is_object() || !now.is_object()) return same(recorded, now);
  for (auto& [name, value] : recorded.items()) {
    if (!now.contains(name) || !same(value, now[name])) return false;
  }
  return true;
}

}  // namespace

std::size_t Recording::begin(std::uint64_t now_ns, const std::string& pool, const chi_method* method,
                             const CallOptions& options, const chi_message& request) {
  Json line;
  line["at_ns"] = now_ns - start_ns_;
  line["pool"] = pool;
  line["method"] = method ? method->name : "";
  line["query"] = to_string(options.query);
  if (options.deadline.count() > 0) line["deadline_ns"] = options.deadline.count();
  if (options.priority == Priority::high_throughput) line["bulk"] = true;
  if (!options.as_owner) {
    line["uid"] = options.uid;
    line["gid"] = options.gid;
  }
  line["request"] = method ? read_message(method->request_schema, request) : Json::object();
  entries_.push_back({std::move(line), method ? method->reply_schema : "()"});
  ++open_;
  return entries_.size() - 1;
}

void Recording::end(std::size_t entry, const runtime::Answer& answer) {
  entries_[entry].line.update(answer_json(entries_[entry].reply_schema, answer));
  --open_;
}

std::string Recording::text() const {
  std::string out;
  for (const Entry& entry : entries_) out += entry.line.dump() + "\n";
  return out;
}

Json answer_json(const std::string& reply_schema, const runtime::Answer& answer) {
  Json out;
  out["code"] = code_name(answer.code);
  if (answer.code != Code::ok) {
    out["text"] = decode_error(static_cast<std::int32_t>(answer.code), answer.message).text;
  } else if (answer.flags & shm::kGathered) {
    put_gathered(reply_schema, answer.message, out);
  } else {
    out["reply"] = read_message(reply_schema.c_str(), answer.message);
  }
  return out;
}

bool same_answer(const Json& recorded, const Json& now) {
  for (auto& [name, value] : recorded.items()) {
    if (name == "text") continue;
    if (!now.contains(name)) return false;
    const bool reply = name == "reply" || name == "merged";
    if (!(reply ? same_reply(value, now[name]) : same(value, now[name]))) return false;
  }
  return true;
}

Result<std::vector<RecordedCall>> parse_recording(const std::string& text, const std::string& path) {
  std::vector<RecordedCall> calls;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.empty()) continue;
    const Result<Json> json = parse_json(line);
    if (!json) return bad_line(path, number, json.error().text);
    Result<RecordedCall> call = parse_line(*json);
    if (!call) return bad_line(path, number, call.error().text);
    if (!calls.empty() && call->at_ns < calls.back().at_ns) return bad_line(path, number, "'at_ns' goes back in time");
    calls.push_back(*std::move(call));
  }
  return calls;
}

}  // namespace chi::test_kit

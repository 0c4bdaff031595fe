// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A recording, made again and compared.
#include "test_kit/replay.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "codec/schema_type.h"
#include "test_kit/core.h"

namespace chi::test_kit {
namespace {

constexpr std::uint64_t kLargestRecording = std::uint64_t{256} << 20;

Error bad_call(const RecordedCall& call, std::string_view what) {
  return {Code::invalid_argument, fmt::format("{}.{} cannot be called again: {}", call.pool, call.method, what),
          "test kit"};
}

Result<const chi_method*> method_of(const Core& core, const RecordedCall& call) {
  const NodePool* pool = core.find(call.pool);
  if (!pool) return bad_call(call, "this node has no such pool: create_pool comes first");
  std::vector<std::string> names;
  for (const chi_method* method : pool->module->methods()) {
    if (call.method == method->name) return method;
    names.emplace_back(method->name);
  }
  return bad_call(call, "no such method" + did_you_mean(call.method, names));
}

// Of a request that had fewer fields when it was recorded: those.
Status encode_request(const RecordedCall& call, const chi_method& method, Encoder& to) {
  Result<SchemaType> type = parse_schema(method.request_schema);
  if (!type) return type.error();
  while (!type->names.empty() && !call.request.contains(type->names.back())) {
    type->names.pop_back();
    type->of.pop_back();
  }
  if (Status written = json_to_wire(*type, call.request, to); !written) return bad_call(call, written.error().text);
  return {};
}

struct Replayed {
  InFlight* call = nullptr;
  const chi_method* method = nullptr;
};

// Those that were made, to be let go whatever happens.
class Calls {
 public:
  Calls() = default;
  Calls(const Calls&) = delete;
  ~Calls() {
    for (Replayed& each : made) each.call->let_go();
  }
  std::vector<Replayed> made;
};

}  // namespace

Status replay(Core& core, const std::string& path) {
  Result<std::string> text = read_file(path, kLargestRecording);
  if (!text) return std::move(text).error();
  Result<std::vector<RecordedCall>> recorded = parse_recording(*text, path);
  if (!recorded) return std::move(recorded).error();
  const std::uint64_t start = core.node().now_ns();
  Calls calls;
  for (const RecordedCall& next : *recorded) {
    Result<const chi_method*> method = method_of(core, next);
    if (!method) return std::move(method).error();
    Encoder encoder;
    if (Status encoded = encode_request(next, **method, encoder); !encoded) return encoded;
    const std::uint64_t now = core.node().now_ns();
    if (start + next.at_ns > now) core.advance(start + next.at_ns - now);
    calls.made.push_back({core.submit(next.pool, (*method)->id, next.options, encoder.message()), *method});
  }
  std::size_t different = 0;
  std::string first;
  for (std::size_t i = 0; i < calls.made.size(); ++i) {
    if (Status waited = core.wait(*calls.made[i].call); !waited) return waited;
    const RecordedCall& then = (*recorded)[i];
    const Json now = answer_json(calls.made[i].method->reply_schema, calls.made[i].call->answer());
    if (same_answer(then.answer, now) || different++ != 0) continue;
    first = fmt::format("call {}, {}.{} {}: answered {}, recorded {}", i + 1, then.pool, then.method,
                        then.request.dump(), now.dump(), then.answer.dump());
  }
  if (different == 0) return {};
  return Error{
      Code::failed_precondition,
      fmt::format("{} of the {} calls of {} were answered otherwise; {}", different, calls.made.size(), path, first),
      "test kit"};
}

}  // namespace chi::test_kit

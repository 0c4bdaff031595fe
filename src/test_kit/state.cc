// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements state.h.
#include "test_kit/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "chimaera/gathered.h"
#include "codec/schema_type.h"
#include "test_kit/place.h"

namespace chi::test_kit {
namespace {

Result<Json> state_json(const std::string& schema, const Snapshot& snapshot) {
  Result<SchemaType> type = parse_schema(schema);
  if (!type) return std::move(type).error();
  return wire_to_json(*type, {reinterpret_cast<const std::uint8_t*>(snapshot.bytes.data()),
                              static_cast<std::uint32_t>(snapshot.bytes.size()), 0, nullptr});
}

std::string child(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

std::string differ(const std::string& path, const Json& is, const Json& should_be) {
  return fmt::format("{}: {}, not {}", path.empty() ? "the state" : path, is.dump(), should_be.dump());
}

// Lists may be sets, whose order says nothing: these are the same when their elements are.
bool same_elements(const Json& a, const Json& b) {
  if (a.size() != b.size()) return false;
  nlohmann::json left(a);
  nlohmann::json right(b);
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  return left == right;
}

std::string difference(const std::string& path, const Json& is, const Json& should_be) {
  if (is.is_object() && should_be.is_object()) {
    for (auto& [name, value] : should_be.items()) {
      if (!is.contains(name)) return differ(child(path, name), Json(), value);
      if (auto found = difference(child(path, name), is[name], value); !found.empty()) return found;
    }
    for (auto& [name, value] : is.items()) {
      if (!should_be.contains(name)) return differ(child(path, name), value, Json());
    }
    return {};
  }
  if (is.is_array() && should_be.is_array() && is.size() == should_be.size()) {
    if (same_elements(is, should_be)) return {};
    for (std::size_t i = 0; i < is.size(); ++i) {
      auto found = difference(child(path, std::to_string(i)), is[i], should_be[i]);
      if (!found.empty()) return found;
    }
    return {};
  }
  return nlohmann::json(is) == nlohmann::json(should_be) ? std::string() : differ(path, is, should_be);
}

}  // namespace

Result<Snapshot> take_snapshot(Core& core, runtime::Container& container) {
  const chi_module& module = container.pool.module->table();
  runtime::OwnedMessage out;
  std::int32_t code = 0;
  core.node().run_module_code(container, [&] {
    code = module.snapshot(container.self, &out, [](void* context, const chi_message* message) {
      static_cast<runtime::OwnedMessage*>(context)->copy(*message);
    });
  });
  if (code != 0) return decode_error(code, out.view());
  return Snapshot{module.state_version, {reinterpret_cast<const char*>(out.data()), out.size()}};
}

Status restore_snapshot(Core& core, runtime::Container& container, const Snapshot& snapshot) {
  const chi_module& module = container.pool.module->table();
  const chi_message message{reinterpret_cast<const std::uint8_t*>(snapshot.bytes.data()),
                            static_cast<std::uint32_t>(snapshot.bytes.size()), 0, nullptr};
  std::int32_t code = 0;
  core.node().run_module_code(container, [&] { code = module.restore(container.self, &message, snapshot.version); });
  if (code == 0) return {};
  return Error{static_cast<Code>(code),
               fmt::format("module {} {} takes states of version {} to {}, and not this one, of {}, or it is damaged",
                           module.name, module.version, module.state_oldest, module.state_version, snapshot.version),
               kWhere};
}

Result<Snapshot> through_a_new_container(Core& core, const runtime::Container& like, const Snapshot& snapshot) {
  auto twin = core.make_twin(like);
  if (!twin) return std::move(twin).error();
  runtime::Container& container = *(*twin)->containers.front();
  Status restored = restore_snapshot(core, container, snapshot);
  Result<Snapshot> after = restored ? take_snapshot(core, container) : Result<Snapshot>(restored.error());
  if (Status destroyed = core.destroy(**twin); !destroyed) {
    [[maybe_unused]] auto* left_alone = twin->release();  // something of it still runs
    return std::move(destroyed).error();
  }
  return after;
}

std::string state_text(const std::string& schema, const Snapshot& snapshot) {
  Result<Json> json = state_json(schema, snapshot);
  return json ? json->dump() : json.error().to_string();
}

std::string state_difference(const std::string& schema, const Snapshot& is, const Snapshot& should_be) {
  if (is.bytes == should_be.bytes) return {};
  Result<Json> left = state_json(schema, is);
  Result<Json> right = state_json(schema, should_be);
  if (!left) return left.error().text;
  if (!right) return right.error().text;
  return difference("", *left, *right);
}

}  // namespace chi::test_kit

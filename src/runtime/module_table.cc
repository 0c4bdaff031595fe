// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements module_table.h.
#include "runtime/module_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <set>
#include <string>

#include "base/text.h"
#include "codec/schema_type.h"
#include "runtime/manifest.h"

namespace chi::runtime {

namespace {

// Sizes of the records of ABI version 1, the smallest that can be met.
constexpr std::size_t kOldestModule = offsetof(chi_module, restore) + sizeof(chi_module::restore);
constexpr std::size_t kOldestMethod = offsetof(chi_method, route_field) + sizeof(chi_method::route_field);
constexpr std::size_t kLargestRecord = 4096;
constexpr std::size_t kAlignment = alignof(void*);
constexpr std::uint32_t kKnownFlags = CHI_ACCESS_WRITE | CHI_METHOD_COROUTINE | CHI_METHOD_LONG_RUNNING;
constexpr std::uint32_t kMaxStateVersion = 255;  // chi::Version

Error damaged(std::string_view what) {
  return {Code::invalid_argument, fmt::format("has a damaged module table: {}; build it again", what), {}};
}

template <class F>
bool is_code(const LoadedImage& image, F* function) {
  return image.holds_code(reinterpret_cast<std::uintptr_t>(function));
}

bool is_record_size(std::uint32_t size, std::size_t oldest) {
  return size >= oldest && size <= kLargestRecord && size % kAlignment == 0;
}

class Reader {
 public:
  explicit Reader(const LoadedImage& image) : image_(image) {}

  Status head(const void* exported) {
    constexpr std::size_t kStart = offsetof(chi_module, method_size);  // magic, ABI version and size
    if (!image_.holds(exported, kStart, kAlignment)) return damaged("it does not lie in the library");
    std::memcpy(&out_.module, exported, kStart);
    const chi_module& module = out_.module;
    if (module.magic != CHI_ABI_MAGIC) return damaged("it does not begin with the right number");
    if (module.abi_version > CHI_ABI_VERSION) {
      return {
          Code::failed_precondition,
          fmt::format("needs module ABI {}, and this daemon has {}: use a newer daemon, or build the module against "
                      "this release",
                      module.abi_version, CHI_ABI_VERSION)};
    }
    if (module.abi_version == 0) return damaged("its ABI version is 0");
    if (!is_record_size(module.size, kOldestModule) || !image_.holds(exported, module.size, kAlignment)) {
      return damaged(fmt::format("its size cannot be {}", module.size));
    }
    std::memcpy(&out_.module, exported, std::min<std::size_t>(module.size, sizeof(chi_module)));
    return {};
  }

  Status body() {
    const chi_module& module = out_.module;
    auto name = image_.text(module.name, kMaxNameLength);
    if (!name || !is_identifier(*name)) return damaged("its name is none");
    auto version = image_.text(module.version, kMaxNameLength);
    if (!version || !is_version(*version)) return damaged("its version is none");
    if (module.state_version > kMaxStateVersion || module.state_oldest > module.state_version) {
      return damaged(fmt::format("state versions {} to {}", module.state_oldest, module.state_version));
    }
    if (!is_code(image_, module.create) || !is_code(image_, module.destroy) || !is_code(image_, module.snapshot) ||
        !is_code(image_, module.restore)) {
      return damaged("create, destroy, snapshot or restore is no function of it");
    }
    if (Status status = schema(module.config_schema, "its Config").first; !status) return status;
    return schema(module.state_schema, "its State").first;
  }

  Status methods() {
    const chi_module& module = out_.module;
    if (module.method_count == 0 || module.method_count > CHI_MAX_METHOD_ID) {
      return damaged(fmt::format("it cannot have {} methods", module.method_count));
    }
    if (!is_record_size(module.method_size, kOldestMethod)) {
      return damaged(fmt::format("a method's record cannot have {} bytes", module.method_size));
    }
    const auto* at = reinterpret_cast<const char*>(module.methods);
    if (!image_.holds(at, std::size_t{module.method_count} * module.method_size, kAlignment)) {
      return damaged("its methods do not lie in the library");
    }
    for (std::uint32_t i = 0; i < module.method_count; ++i, at += module.method_size) {
      chi_method method{};
      std::memcpy(&method, at, std::min<std::size_t>(module.method_size, sizeof(chi_method)));
      if (Status status = this->method(method, i); !status) return status;
    }
    return {};
  }

  ModuleTable take() { return std::move(out_); }

 private:
  Status method(const chi_method& method, std::uint32_t position) {
    auto name = image_.text(method.name, kMaxNameLength);
    if (!name || !is_identifier(*name)) return damaged(fmt::format("the name of method number {} is none", position));
    auto bad = [&](std::string_view what) { return damaged(fmt::format("method '{}' {}", *name, what)); };
    if (!names_.insert(std::string(*name)).second) return bad("is there twice");
    if (method.id == 0 || method.id > CHI_MAX_METHOD_ID) return bad(fmt::format("has the id {}", method.id));
    if (out_.methods.size() <= method.id) out_.methods.resize(method.id + 1);
    if (out_.methods[method.id].run != nullptr) return bad(fmt::format("has the id {} of another", method.id));
    if ((method.flags & ~kKnownFlags) != 0) return bad(fmt::format("has unknown flags ({:#x})", method.flags));
    if (!is_code(image_, method.run)) return bad("is no function of it");
    if (method.merge != nullptr && !is_code(image_, method.merge)) return bad("has a merge that is no function of it");
    auto [request, fields] = schema(method.request_schema, fmt::format("the request of '{}'", *name));
    if (!request) return request;
    if (Status reply = schema(method.reply_schema, fmt::format("the reply of '{}'", *name)).first; !reply) return reply;
    if (method.route > CHI_ROUTE_ANY) return bad(fmt::format("has the unknown route {}", method.route));
    if (method.route == CHI_ROUTE_HASH && method.route_field >= fields)
      return bad("is routed by a field that it lacks");
    out_.methods[method.id] = method;
    return {};
  }

  // Whether the text is the schema of an aggregate, and how many fields that has.
  std::pair<Status, std::size_t> schema(const char* text, const std::string& whose) {
    auto read = image_.text(text, kMaxSchemaText);
    if (!read) return {damaged(fmt::format("the schema of {} is no text", whose)), 0};
    auto type = parse_schema(*read);
    if (!type) return {damaged(fmt::format("the schema of {}: {}", whose, type.error().text)), 0};
    if (type->kind != SchemaType::Kind::aggregate) return {damaged(fmt::format("{} is no struct", whose)), 0};
    return {Status(), type->of.size()};
  }

  const LoadedImage& image_;
  ModuleTable out_;
  std::set<std::string> names_;
};

}  // namespace

Result<ModuleTable> read_module_table(const void* exported, const LoadedImage& image) {
  Reader reader(image);
  if (Status status = reader.head(exported); !status) return status.error();
  if (Status status = reader.body(); !status) return status.error();
  if (Status status = reader.methods(); !status) return status.error();
  return reader.take();
}

}  // namespace chi::runtime

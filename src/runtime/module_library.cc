// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements module_library.h. The linker takes a path that it knows, or an inode that it knows, for the library that
// it has, whatever the file holds by now. So each load gets a memfd: an inode of its own, and, for as long as the
// descriptor is open, a path of its own.
#include "runtime/module_library.h"

#include <chimaera/domain.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/signals.h"
#include "base/trust.h"
#include "runtime/elf_check.h"
#include "runtime/installation.h"
#include "runtime/link_probe.h"
#include "runtime/loaded_image.h"
#include "runtime/module_table.h"
#include "runtime/sealed_memory.h"

namespace chi::runtime {

namespace {

constexpr auto kProbePatience = std::chrono::seconds(10);
constexpr std::uint64_t kMaxLibrary = std::uint64_t{256} << 20;

Error about(const FoundModule& found, Error error) {
  error.text = fmt::format("module '{}': '{}' {}", found.name, found.library, error.text);
  return error;
}

// Not "/proc/self/...", so that a debugger, which is another process, finds the library, too.
std::string path_of(int fd) {
  std::error_code error;
  std::string self = std::filesystem::read_symlink("/proc/self", error).string();
  return fmt::format("/proc/{}/fd/{}", error ? "self" : self, fd);
}

// dlerror's text, with the path that the operator knows.
std::string link_error(const std::string& copy_path) {
  const char* text = dlerror();
  std::string out = text == nullptr ? "no reason given" : text;
  std::string prefix = copy_path + ": ";
  if (out.starts_with(prefix)) out.erase(0, prefix.size());
  return out;
}

}  // namespace

Result<std::shared_ptr<const Module>> Module::load(const FoundModule& found) {
  if (found.library.empty()) {
    return Error{Code::failed_precondition, fmt::format("module '{}': {}", found.name, found.problem), {}};
  }
  auto file = open_trusted(found.library, O_RDONLY, code_authors());
  if (!file.ok()) return std::move(file).error();
  auto bytes = read_file(*std::move(file), found.library, kMaxLibrary);
  if (!bytes) return std::move(bytes).error();
  if (Status status = check_elf(*bytes); !status) return about(found, status.error());

  std::shared_ptr<Module> module(new Module);
  module->name_ = found.name;
  module->version_ = found.version;
  module->path_ = found.library;
  module->content_hash_ = hash_bytes(*bytes);
  if (Status status = module->link(*bytes); !status) return about(found, status.error());
  if (Status status = module->read_table(); !status) return about(found, status.error());
  return std::shared_ptr<const Module>(std::move(module));
}

std::shared_ptr<const Module> Module::linked(const chi_module& table) {
  std::shared_ptr<Module> module(new Module);
  module->name_ = table.name;
  module->version_ = table.version;
  module->table_ = table;
  for (const chi_method* method = table.methods; method != table.methods + table.method_count; ++method) {
    if (module->by_id_.size() <= method->id) module->by_id_.resize(method->id + 1);
    module->by_id_[method->id] = *method;
  }
  module->list_methods();
  return module;
}

std::string Module::build() const { return path_.empty() ? std::string() : fmt::format("{:016x}", content_hash_); }

Status Module::link(std::string_view bytes) {
  auto copy = sealed_copy(bytes, fmt::format("chi-{}-{:016x}", name_, content_hash_), CodeKind::library);
  if (!copy) return std::move(copy).error();
  copy_ = std::move(*copy);
  std::string path = path_of(copy_.get());
  if (Status harmless = probe_link(copy_.get(), kProbePatience); !harmless.ok()) return harmless;
  handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) {
    return {Code::failed_precondition, fmt::format("cannot be linked: {}", link_error(path))};
  }
  return {};
}

Status Module::read_table() {
  const void* exported = dlsym(handle_, CHI_MODULE_SYMBOL);
  if (exported == nullptr) {
    return {Code::failed_precondition, fmt::format("exports no '{}': it needs a CHI_EXPORT_MODULE", CHI_MODULE_SYMBOL)};
  }
  auto table = read_module_table(exported, LoadedImage::of(handle_));
  if (!table) return std::move(table).error();
  if (table->module.name != name_ || table->module.version != version_) {
    return {Code::failed_precondition, fmt::format("is '{}' {}, but its manifest says '{}' {}; build it again",
                                                   table->module.name, table->module.version, name_, version_)};
  }
  table_ = table->module;
  by_id_ = std::move(table->methods);
  list_methods();
  return {};
}

void Module::list_methods() {
  for (const chi_method& method : by_id_) {
    if (method.run != nullptr) methods_.push_back(&method);
  }
}

Module::~Module() {
  if (handle_ == nullptr) return;
  dlclose(handle_);
  // What cannot be unlinked (marked so, or with thread-local objects that still live) keeps its name in the linker, and
  // so must keep the descriptor: another library under the same path would be taken for this one.
  std::string path = path_of(copy_.get());
  if (void* still_there = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD)) {
    dlclose(still_there);
    static_cast<void>(copy_.release());
  }
}

}  // namespace chi::runtime

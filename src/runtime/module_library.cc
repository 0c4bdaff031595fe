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
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/signals.h"
#include "runtime/elf_check.h"
#include "runtime/link_probe.h"
#include "runtime/loaded_image.h"
#include "runtime/module_table.h"

namespace chi::runtime {

namespace {

// The sanitizers' allocators are not made for a fork beside other threads: that a child of theirs hangs says nothing.
#ifdef CHI_SANITIZED
constexpr bool kForkMayHang = true;
constexpr auto kProbePatience = std::chrono::seconds(2);
#else
constexpr bool kForkMayHang = false;
constexpr auto kProbePatience = std::chrono::seconds(10);
#endif

constexpr std::uint64_t kMaxLibrary = std::uint64_t{256} << 20;

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

Error about(const FoundModule& found, Error error) {
  error.text = fmt::format("module '{}': '{}' {}", found.name, found.library, error.text);
  return error;
}

Error no_copy(std::string_view what, int error) {
  return {errno_code(error), fmt::format("cannot be copied into memory ({}: {})", what, errno_text(error)), {}};
}

// "Not executable" says that it cannot be a program, which hardened kernels demand; it can be linked all the same.
int make_memfd(const char* name) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = memfd_create(name, kFlags | MFD_NOEXEC_SEAL);
  return fd < 0 && errno == EINVAL ? memfd_create(name, kFlags) : fd;
}

// A copy of `bytes` that nobody can change any more. Its name is what /proc/PID/maps shows.
Result<UniqueFd> sealed_copy(std::string_view bytes, const std::string& name) {
  UniqueFd fd(make_memfd(name.c_str()));
  const WriteSignalsHeld held;
  if (!fd) return no_copy("memfd_create", errno);
  while (!bytes.empty()) {
    ssize_t n = ::write(fd.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return no_copy("write", n < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  // EBUSY: the kernel itself holds pages, in its lists of what was just written, and has waited 150 ms for that to end.
  constexpr unsigned kTries = 30;
  for (unsigned i = 1; fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0;
       ++i) {
    if ((errno != EBUSY && errno != EINTR) || i == kTries) return no_copy("seal", errno);
  }
  return fd;
}

// Not "/proc/self/...", so that a debugger, which is another process, finds the library, too.
std::string path_of(int fd) {
  std::error_code error;
  std::string self = std::filesystem::read_symlink("/proc/self", error).string();
  return fmt::format("/proc/{}/fd/{}", error ? "self" : self, fd);
}

// The linker is the process': a copy of it that is made while another thread is linking may be of no use.
std::mutex& linker() {
  static std::mutex mutex;
  return mutex;
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
  auto bytes = read_file(found.library, kMaxLibrary);
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

Status Module::link(std::string_view bytes) {
  auto copy = sealed_copy(bytes, fmt::format("chi-{}-{:016x}", name_, content_hash_));
  if (!copy) return std::move(copy).error();
  copy_ = std::move(*copy);
  std::string path = path_of(copy_.get());
  std::lock_guard lock(linker());
  Status harmless = probe_link(path, kProbePatience);
  if (!harmless && !(kForkMayHang && harmless.code() == Code::deadline_exceeded)) return harmless;
  handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) {
    return {Code::failed_precondition, fmt::format("cannot be linked: {}", link_error(path))};
  }
  return {};
}

Status Module::read_table() {
  std::lock_guard lock(linker());  // dlsym holds a lock that the child of a probe must not find held
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
  std::lock_guard lock(linker());
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

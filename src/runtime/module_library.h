// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A module's code in memory. load() reads the library into a private, sealed copy, checks it and then its table, and
// only then believes it; so a file that is replaced on disk changes nothing that runs, and several versions of a
// module can be loaded at once. Immutable once loaded, usable from any thread.
//
// What runs inside dlopen (constructors of static objects) runs before the table can be checked: it is tried in another
// process first (link_probe.h), so that it may fail. It is not kept from doing harm: loading a module is running its
// author's code as the daemon's user, and repos belong to whoever may do that.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "runtime/module_repo.h"

namespace chi::runtime {

class Module {
 public:
  // Reads, checks and links the library that `found` names; its table must bear the manifest's name and version.
  // Each call makes a copy of its own. invalid_argument: no library of this machine, or a damaged table;
  // permission_denied: others could have written it (base/trust.h; what was looked at is what is loaded);
  // failed_precondition: a newer ABI, a missing symbol, another name, a static object that throws; deadline_exceeded:
  // one that takes too long; not_found, resource_exhausted.
  static Result<std::shared_ptr<const Module>> load(const FoundModule& found);

  // A module that is a part of this program, which outlives it; believed as it stands.
  static std::shared_ptr<const Module> linked(const chi_module& table);

  // Unlinks: after the last reference nothing of it is mapped. So whoever may still run its code holds a reference.
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  const std::string& name() const noexcept { return name_; }
  const std::string& version() const noexcept { return version_; }
  const std::string& path() const noexcept { return path_; }  // where the library was read from
  std::uint64_t content_hash() const noexcept { return content_hash_; }
  std::string build() const;  // the same as 16 digits; empty: a part of this program

  // Complete as of this release's abi.h, whichever release the module was built against: fields that it does not have
  // are zero. For its methods, use methods() and method(): the array in it is the library's own.
  const chi_module& table() const noexcept { return table_; }

  // The method of this id, or null.
  const chi_method* method(std::uint32_t id) const noexcept {
    return id < by_id_.size() && by_id_[id].run ? &by_id_[id] : nullptr;
  }

  // All methods, in order of their ids.
  const std::vector<const chi_method*>& methods() const noexcept { return methods_; }

 private:
  Module() = default;
  Status link(std::string_view bytes);
  Status read_table();
  void list_methods();

  std::string name_;
  std::string version_;
  std::string path_;
  std::uint64_t content_hash_ = 0;
  UniqueFd copy_;  // open for as long as it is linked: the linker knows the library by this descriptor's path
  void* handle_ = nullptr;
  chi_module table_{};
  std::vector<chi_method> by_id_;           // dense, `run` null where there is none
  std::vector<const chi_method*> methods_;  // into by_id_
};

}  // namespace chi::runtime

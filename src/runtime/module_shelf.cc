// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Loaded modules.
#include "runtime/module_shelf.h"

#include <fmt/format.h>

#include "runtime/manifest.h"

namespace chi::runtime {

Result<std::shared_ptr<const Module>> ModuleShelf::get(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return Error{
        Code::invalid_argument,
        fmt::format("'{}' is a path; load it with `chimaera module load`, then name the module", name.substr(0, 200)),
        {}};
  }
  auto found = loaded_.find(name);
  if (found != loaded_.end()) return found->second;
  return load(name);
}

Result<std::shared_ptr<const Module>> ModuleShelf::load(const std::string& name, bool allow_older) {
  auto found = repo_.find(name);
  if (!found) return std::move(found).error();
  const auto loaded = loaded_.find(found->name);
  if (!allow_older && loaded != loaded_.end() && is_older(found->version, loaded->second->version())) {
    return Error{
        Code::failed_precondition,
        fmt::format("'{}' {} is loaded, from '{}', and '{}' has the older {}: raise the version in its "
                    "manifest.yaml, or load it with --allow-older",
                    found->name, loaded->second->version(), loaded->second->path(), found->folder, found->version),
        {}};
  }
  auto module = Module::load(*found);
  if (!module) return module;
  auto& place = loaded_[(*module)->name()];
  if (place && place->content_hash() == (*module)->content_hash()) return place;
  place = *module;
  return place;
}

}  // namespace chi::runtime

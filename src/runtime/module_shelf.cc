// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Loaded modules.
#include "runtime/module_shelf.h"

namespace chi::runtime {

Result<std::shared_ptr<const Module>> ModuleShelf::get(const std::string& name) {
  auto found = loaded_.find(name);
  if (found != loaded_.end()) return found->second;
  return load(name);
}

Result<std::shared_ptr<const Module>> ModuleShelf::load(const std::string& name) {
  auto found = repo_.find(name);
  if (!found) return std::move(found).error();
  auto module = Module::load(*found);
  if (!module) return module;
  auto& place = loaded_[(*module)->name()];
  if (place && place->content_hash() == (*module)->content_hash()) return place;
  place = *module;
  return place;
}

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The modules that are loaded, by name. Used by the control thread alone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/module_library.h"
#include "runtime/module_repo.h"

namespace chi::runtime {

class ModuleShelf {
 public:
  explicit ModuleShelf(ModuleRepo repo) : repo_(std::move(repo)) {}

  // The loaded module of this name, or the repo's, loaded now. A path is refused: whoever may name a module may not
  // bring code along.
  Result<std::shared_ptr<const Module>> get(const std::string& name);

  // Loads from the repos, or from a folder or library when the name has a '/', whatever is loaded already: new pools
  // are made of what was loaded last, those that there are keep what they have. One that is older than what is loaded
  // is refused with failed_precondition, unless it is asked for.
  Result<std::shared_ptr<const Module>> load(const std::string& name, bool allow_older = false);

  const ModuleRepo& repo() const noexcept { return repo_; }
  const std::map<std::string, std::shared_ptr<const Module>>& loaded() const noexcept { return loaded_; }

 private:
  ModuleRepo repo_;
  std::map<std::string, std::shared_ptr<const Module>> loaded_;
};

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where modules are found: folders ("repos") of folders, each with a manifest.yaml and a library. Looked through anew
// at each call, so that what was copied there is seen at once. Immutable, usable from any thread; calls read the disk.
#pragma once

#include <chimaera/result.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/repo_registry.h"

namespace chi::runtime {

struct FoundModule {
  std::string name;     // of the manifest; of the folder where the manifest cannot be read
  std::string version;  // empty where it cannot be read
  std::string description;
  std::string folder;
  std::string library;  // path; empty where there is none
  std::string problem;  // why it cannot be loaded, or that there is another of its name; empty: nothing known
};

// Where to look. The repos that somebody named for this daemon have an order, and the first that has a module counts.
// Those that are simply there, registered and Chimaera's own, come after them and have none: which of two modules of
// one name is meant would be a guess.
struct ModulePaths {
  std::vector<std::string> named;  // absolute, each once
  std::string own;                 // Chimaera's; empty: none
  RepoRegistry registry;
};

class ModuleRepo {
 public:
  // A folder that does not exist is as good as an empty one.
  explicit ModuleRepo(ModulePaths paths) : paths_(std::move(paths)) {}

  // All that is looked into now, in order.
  std::vector<std::string> paths() const;

  // All modules, by name; of one name, the one that find() gives comes first and the others have a problem.
  std::vector<FoundModule> list() const;

  // The module of this name, or the one in this folder or library when `name` has a '/'. not_found says what there is;
  // failed_precondition says why what is there cannot be used, or that there are two.
  Result<FoundModule> find(std::string_view name) const;

  // What is wrong with the files of registered repos, which are left out then; ok where nothing is.
  Status registry_problem() const;

 private:
  std::vector<std::vector<std::string>> ranks() const;

  ModulePaths paths_;
};

// `named`: folders of the command line, of the configuration, of CHIMAERA_MODULE_PATH (`environment`, separated by ':',
// may be null); `own`: the one beside this executable (build tree or installed).
ModulePaths module_search_path(std::span<const std::string> command_line, std::span<const std::string> configured,
                               const char* environment, RepoRegistry registry = {});

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// mkdtemp, and its opposite.
#include "benchmark/scratch_folder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/file.h"

namespace chi::bench {

Result<ScratchFolder> ScratchFolder::make(const std::string& base) {
  const char* given = std::getenv("TMPDIR");
  if (!given || given[0] != '/') return make_in(base);
  Result<ScratchFolder> made = make_in(given);
  if (made.ok()) return made;
  return Error{made.error().code, made.error().text + "; set TMPDIR to a folder where this user may write", "bench"};
}

Result<ScratchFolder> ScratchFolder::make_in(const std::string& folder) {
  std::string path = folder + "/chimaera-bench-XXXXXX";
  if (::mkdtemp(path.data())) return ScratchFolder(std::move(path));
  return Error{errno_code(errno), fmt::format("cannot make a folder '{}': {}", path, errno_text(errno)), "bench"};
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // at worst it stays: nobody is here to be told
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace chi::bench

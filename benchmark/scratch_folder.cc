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

Result<ScratchFolder> ScratchFolder::make() {
  const char* base = std::getenv("TMPDIR");
  std::string path = fmt::format("{}/chimaera-bench-XXXXXX", base && base[0] == '/' ? base : "/tmp");
  if (!::mkdtemp(path.data())) {
    return Error{errno_code(errno),
                 fmt::format("cannot make a folder '{}': {}; set TMPDIR to a folder where this user may write", path,
                             errno_text(errno)),
                 "bench"};
  }
  return ScratchFolder(std::move(path));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // at worst it stays: nobody is here to be told
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace chi::bench

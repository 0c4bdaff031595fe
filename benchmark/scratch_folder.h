// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A folder of mode 0700 for sockets and logs, gone with its owner.
#pragma once

#include <chimaera/result.h>

#include <string>
#include <utility>

namespace chi::bench {

class ScratchFolder {
 public:
  // In $TMPDIR, else in `base`.
  static Result<ScratchFolder> make(const std::string& base = "/tmp");
  static Result<ScratchFolder> make_in(const std::string& folder);

  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  const std::string& path() const noexcept { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit ScratchFolder(std::string path) noexcept : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace chi::bench

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A folder under a name that CMake can take: ';' separates the items of its lists, and '"' and '\' end its strings.
#pragma once

#include <chimaera/result.h>

#include <string>

namespace chi::cli {

// Where the folder's own name will do, that; else a link to it, in a private folder that goes with this object.
class PlainPath {
 public:
  static Result<PlainPath> of(const std::string& folder);
  PlainPath(PlainPath&& other) noexcept;
  PlainPath& operator=(PlainPath&&) = delete;
  ~PlainPath();

  const std::string& path() const noexcept { return path_; }
  bool is_link() const noexcept { return !holder_.empty(); }

 private:
  PlainPath() = default;

  std::string path_;
  std::string holder_;  // the private folder; empty: none
};

}  // namespace chi::cli

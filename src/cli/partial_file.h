// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A file that is written piece by piece, and there only when it is whole.
#pragma once

#include <chimaera/result.h>

#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace chi::cli {

// Used by one thread, but for abandon(). Unless finish() succeeded, nothing is left of it and what was there before is
// as it was.
class PartialFile {
 public:
  // Made with the rights of this process, for its user alone (0600), beside `path`, which is taken by finish(). "-" is
  // stdout, where each piece is seen as it is written.
  static Result<PartialFile> create(const std::string& path);
  PartialFile(PartialFile&& other) noexcept = default;
  PartialFile& operator=(PartialFile&&) = delete;
  ~PartialFile();

  Status write(std::string_view bytes);
  Status finish();

  // For the end of the process, from any thread: finish() fails from now on, and nothing is left unless it is done.
  void abandon() const noexcept;

 private:
  PartialFile(std::string path, std::string temporary, UniqueFd file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)) {}

  std::string path_;
  std::string temporary_;
  UniqueFd file_;
};

}  // namespace chi::cli

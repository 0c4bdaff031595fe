// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The file of a volume, and its data as other programs find it there.
#pragma once

#include <chimaera/client.h>
#include <chimaera/result.h>

#include <cstdint>
#include <string>

#include "base/unique_fd.h"
#include "benchmark/scratch_folder.h"
#include "benchmark/workload.h"

namespace chi::bench {

// Writes the whole of a volume through the daemon, so that there is something to be read everywhere.
Status fill_volume(const Client& client, const Pool& pool, std::uint64_t size);

class BdevFile {
 public:
  // An empty file with space for a volume of that size. Fails with resource_exhausted where there is none.
  static Result<BdevFile> make(const Options& options, std::uint64_t size);

  const std::string& path() const noexcept { return path_; }
  const ScratchFolder& folder() const noexcept { return folder_; }
  std::uint64_t size() const noexcept { return size_; }   // of its data
  bool direct() const noexcept { return direct_; }        // O_DIRECT is had
  bool in_memory() const noexcept { return in_memory_; }  // tmpfs and the like: there is no disk

  // Once the pool is there: where its data begins, in the file.
  Status find_data();
  std::uint64_t offset() const noexcept { return offset_; }

  // Whether what fill_volume() wrote is in the file; and what is written to the file, in the volume. data_loss else.
  Status check_data(const Client& client, const Pool& pool) const;

 private:
  BdevFile(ScratchFolder folder, std::string path, std::uint64_t size) noexcept
      : folder_(std::move(folder)), path_(std::move(path)), size_(size) {}

  ScratchFolder folder_;
  std::string path_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  UniqueFd fd_;
  bool direct_ = false;
  bool in_memory_ = false;
};

}  // namespace chi::bench

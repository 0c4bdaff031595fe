// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A Unix socket of the file system that others connect to. Only what is certain to be left over is replaced, and only
// what is our own is removed. Belongs to one thread.
#pragma once

#include <chimaera/result.h>
#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"

namespace chi {

class ListenSocket {
 public:
  // Makes it, with these permission bits; accepting does not block. already_exists: somebody serves there, or it is no
  // socket; permission_denied: it is another user's.
  static Result<ListenSocket> open(const std::string& path, unsigned mode);

  ListenSocket(ListenSocket&& other) noexcept = default;
  ListenSocket& operator=(ListenSocket&&) = delete;
  ~ListenSocket() { remove(); }

  int fd() const noexcept { return fd_.get(); }

  // Closes it, and takes its name away, unless the name has become that of something else.
  void remove() noexcept;

 private:
  ListenSocket() = default;

  std::string path_;
  UniqueFd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace chi

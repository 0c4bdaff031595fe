// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the io_urings of this process have in their tables, as the kernel tells it.
#pragma once

#include <liburing.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

namespace chi::test {

// Whether the kernel has tables to which things can be added one by one: Linux 5.19.
inline bool kernel_has_ring_tables() {
  io_uring ring{};
  if (io_uring_queue_init(2, &ring, 0) != 0) return false;
  const bool has = io_uring_register_buffers_sparse(&ring, 1) == 0;
  io_uring_queue_exit(&ring);
  return has;
}

// How many regions of memory are in place; nothing while a ring is just being used, for then the kernel does not tell.
inline std::optional<unsigned> registered_buffers() {
  unsigned count = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    if (std::filesystem::read_symlink(entry.path(), error) != "anon_inode:[io_uring]") continue;
    std::ifstream in("/proc/self/fdinfo/" + entry.path().filename().string());
    bool told = false;
    bool buffers = false;
    for (std::string line; std::getline(in, line);) {
      const bool place = line.starts_with(' ');
      if (!place) buffers = line.starts_with("UserBufs:");
      told |= buffers;
      if (buffers && place && line.find(": 0x") != std::string::npos) ++count;
    }
    if (!told) return std::nullopt;
  }
  return count;
}

}  // namespace chi::test

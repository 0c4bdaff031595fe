// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Reading whole small files, with a bound, and errors that name them. Usable from any thread.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace chi {

// "No such file or directory (errno 2)"; of EFBIG with the limit that was met. Unlike strerror, usable from any thread.
std::string errno_text(int error);

// A code for a failed system call: not_found, permission_denied, resource_exhausted (memory, descriptors, disk, size)
// or failed_precondition.
Code errno_code(int error) noexcept;

// The bytes of a regular file (never waits on a FIFO or device) of at most `limit` bytes; one that grows beyond it
// while it is read is refused, too.
Result<std::string> read_file(const std::string& path, std::uint64_t limit);
// The same of a file that is open already; `path` is what errors call it.
Result<std::string> read_file(UniqueFd fd, const std::string& path, std::uint64_t limit);

// Puts a file with these bytes in the place of what is there, if anything: whoever reads it sees the old one or the new
// one, whole, also after a crash. Its folder is there. A failure leaves the old one.
Status replace_file(const std::string& path, std::string_view bytes, unsigned mode);

}  // namespace chi

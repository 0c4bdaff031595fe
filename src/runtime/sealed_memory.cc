// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements sealed_memory.h.
#include "runtime/sealed_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace chi::runtime {

namespace {

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 16U
#endif

Error no_copy(std::string_view what, int error) {
  return {errno_code(error), fmt::format("cannot be copied into memory ({}: {})", what, errno_text(error)), {}};
}

// A library is said to be "not executable", that is, no program, which hardened kernels demand; it can be linked all
// the same. Older kernels know neither word.
int make_memfd(const char* name, CodeKind kind) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const int fd = memfd_create(name, kFlags | (kind == CodeKind::library ? MFD_NOEXEC_SEAL : MFD_EXEC));
  return fd < 0 && errno == EINVAL ? memfd_create(name, kFlags) : fd;
}

}  // namespace

Result<UniqueFd> sealed_copy(std::string_view bytes, const std::string& name, CodeKind kind) {
  UniqueFd fd(make_memfd(name.c_str(), kind));
  if (!fd) {
    return no_copy(
        kind == CodeKind::program && errno == EACCES ? "memfd_create, which vm.memfd_noexec=2 forbids" : "memfd_create",
        errno);
  }
  while (!bytes.empty()) {
    ssize_t n = ::write(fd.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return no_copy("write", n < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  // EBUSY: the kernel itself holds pages, in its lists of what was just written, and has waited 150 ms for that to end.
  constexpr unsigned kTries = 30;
  for (unsigned i = 1; fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0;
       ++i) {
    if ((errno != EBUSY && errno != EINTR) || i == kTries) return no_copy("seal", errno);
  }
  return fd;
}

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the kernel says as an Error.
#pragma once

#include <chimaera/result.h>

#include <cerrno>
#include <system_error>

namespace chi::detail {

// The code that an errno stands for, `internal` where none fits, and the system's text.
inline Error error_of_errno(int number) {
  struct Known {
    int number;
    Code code;
  };
  constexpr Known kKnown[] = {
      {ENOENT, Code::not_found},
      {ENXIO, Code::not_found},
      {ENODEV, Code::not_found},
      {EEXIST, Code::already_exists},
      {EACCES, Code::permission_denied},
      {EPERM, Code::permission_denied},
      {EROFS, Code::permission_denied},
      {ENOSPC, Code::resource_exhausted},
      {EDQUOT, Code::resource_exhausted},
      {EFBIG, Code::resource_exhausted},
      {EMFILE, Code::resource_exhausted},
      {ENFILE, Code::resource_exhausted},
      {ENOMEM, Code::resource_exhausted},
      {ENOBUFS, Code::resource_exhausted},
      {EINVAL, Code::invalid_argument},
      {EBADF, Code::invalid_argument},
      {EFAULT, Code::invalid_argument},
      {ENOTSOCK, Code::invalid_argument},
      {EAFNOSUPPORT, Code::invalid_argument},
      {EAGAIN, Code::unavailable},
      {ECONNREFUSED, Code::unavailable},
      {ECONNRESET, Code::unavailable},
      {EHOSTUNREACH, Code::unavailable},
      {ENETUNREACH, Code::unavailable},
      {EPIPE, Code::unavailable},
      {ENOSYS, Code::unimplemented},
      {EOPNOTSUPP, Code::unimplemented},
      {EIO, Code::data_loss},
      {ECANCELED, Code::cancelled},
      {ETIMEDOUT, Code::deadline_exceeded},
  };
  Code code = Code::internal;
  for (const Known& known : kKnown) {
    if (known.number == number) code = known.code;
  }
  return {code, std::generic_category().message(number), {}};
}

}  // namespace chi::detail

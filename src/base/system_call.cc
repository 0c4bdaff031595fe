// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements system_call.h.
#include "base/system_call.h"

#include <fmt/format.h>

#include <cerrno>

#include "base/file.h"

namespace chi {

namespace {

struct Reason {
  Code code;
  std::string_view advice;  // empty: the kernel's words say all
};

Reason reason_of(int error) noexcept {
  switch (error) {
    case EPERM:
    case EACCES:
      return {Code::permission_denied, "a filter of system calls or a setting of the kernel forbids it"};
    case ENOSYS:
    case EOPNOTSUPP:
    case EINVAL:
      return {Code::failed_precondition, "the kernel is too old, or a filter of system calls hides it"};
    case EAGAIN:
      return {Code::resource_exhausted, "raise the limits of processes (ulimit -u) and of address space (ulimit -v)"};
    case ENOMEM:
      return {Code::resource_exhausted, "free memory, or raise the limits of it (ulimit -v, ulimit -l, the cgroup's)"};
    case EMFILE:
    case ENFILE:
      return {Code::resource_exhausted, "raise the limit of open files (ulimit -n)"};
    case EFBIG:
      return {Code::resource_exhausted, "raise the limit of file sizes (ulimit -f)"};
    default:
      return {errno_code(error), ""};
  }
}

}  // namespace

Error call_error(std::string_view call, int error, std::string_view where) {
  const Reason reason = reason_of(error);
  std::string text = fmt::format("{}: {}", call, errno_text(error));
  if (!reason.advice.empty()) text += fmt::format("; {}", reason.advice);
  if (reason.code == Code::permission_denied || reason.code == Code::failed_precondition) {
    text += " (operations.md, \"In a container\")";
  }
  return {reason.code, std::move(text), std::string(where)};
}

}  // namespace chi

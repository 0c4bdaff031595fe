// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Exceptions of a module's code as errors, for none may cross the C boundary.
#pragma once

#include <chimaera/result.h>

#include <exception>
#include <new>
#include <string>

namespace chi::detail {

// The exception that is being handled, without its text where there is no memory for that. Precondition: in a catch.
inline Error error_of_exception() noexcept {
  try {
    try {
      throw;
    } catch (const std::bad_alloc&) {
      return {Code::resource_exhausted, "out of memory", {}};
    } catch (const std::exception& error) {
      return {Code::internal, std::string("the handler threw: ") + error.what(), {}};
    } catch (...) {
      return {Code::internal, "the handler threw something that is not a std::exception", {}};
    }
  } catch (...) {
    return {Code::resource_exhausted, {}, {}};
  }
}

}  // namespace chi::detail

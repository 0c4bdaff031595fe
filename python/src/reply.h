// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// From what came back to what a Python program gets. With the GIL only.
#pragma once

#include <chimaera/future.h>
#include <chimaera/result.h>
#include <pybind11/pybind11.h>

#include "core.h"

namespace chi::python {

// One container's reply: a record. Of several: chimaera.Replies, or the merged value as a record. Throws Failed, or
// raises the error of a merge that is not whole.
py::object make_reply(Core& core, const MethodType& type, const Result<RawReply>& result, bool views);

}  // namespace chi::python

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera status --methods`: what each method costs, and how well that was predicted.
#pragma once

#include <chimaera/admin.h>

#include <string>

namespace chi::cli {

// Two tables for people: each method by its total time, and what is known by size of request.
std::string render_methods(const admin::MethodsReply& reply);

}  // namespace chi::cli

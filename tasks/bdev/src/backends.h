// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The kinds of backends, each in a file of its own, and the one function that makes the one that a text names.
#pragma once

#include <chimaera/result.h>

#include <memory>

#include "backend.h"
#include "backend_spec.h"

namespace bdev {

// Anonymous memory of this process.
std::unique_ptr<Backend> make_ram(const BackendSpec& spec);

// A file, made where there is none, or a block device; locked against other users as long as it is open. Fails with
// what the system says; permission_denied where the pool's owner may not.
chi::Result<std::unique_ptr<Backend>> open_file(const BackendSpec& spec, const Outside& outside);

// Around another one.
std::unique_ptr<Backend> add_layer(std::unique_ptr<Backend> inner, const LayerSpec& layer);

chi::Result<std::unique_ptr<Backend>> open_backend(const BackendSpec& spec, const Outside& outside);

}  // namespace bdev

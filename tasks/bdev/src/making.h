// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Making a volume. Blocks the thread.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <memory>

#include "backend_spec.h"
#include "opening.h"

namespace bdev {

// What the volume is to be that `config` asks for. invalid_argument when there is no such volume.
chi::Result<Header> plan_new(const Config& config, std::uint64_t size, const BackendSpec& spec, const Backend& backend,
                             std::uint32_t index, std::uint32_t count);

// Writes over whatever is in the backend.
chi::Result<OpenVolume> make_volume(std::unique_ptr<Backend> backend, Header header);

}  // namespace bdev

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What stands on a raw block device.
#pragma once

#include <chimaera/result.h>

#include <string>

namespace bdev {

// failed_precondition, naming what was found, unless nothing known is on the device: no file system, no partitions.
chi::Status check_blank_device(int descriptor, const std::string& path);

}  // namespace bdev

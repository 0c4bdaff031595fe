// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// TestNode::replay.
#pragma once

#include <chimaera/result.h>

#include <string>

namespace chi::test_kit {

class Core;

Status replay(Core& core, const std::string& path);

}  // namespace chi::test_kit

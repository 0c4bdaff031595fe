// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the test kit's errors name as the place where they arose (chi::Error::where).
#pragma once

namespace chi::test_kit {

inline constexpr char kWhere[] = "test kit";

}  // namespace chi::test_kit

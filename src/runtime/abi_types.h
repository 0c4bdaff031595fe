// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The runtime's side of the types that modules know by pointer only: bases of Task, Container, ModuleCall and File.
#pragma once

#include "chimaera/abi.h"

struct chi_task {};
struct chi_container {};
struct chi_call {};
struct chi_file {};

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What the author of a module needs; what callers need is chimaera/client.h. A module is a class (container.h), request
// structs (method.h) that callers share, and one line that says which requests the class serves:
//
//   CHI_EXPORT_MODULE(Bucket, kv::Put, kv::Get)
//
// It defines the one symbol that the library exports, a constant table (abi.h); once in a module, in no namespace. Name
// and version come from the manifest, through the build: see chimaera_add_module.
#pragma once

#include <chimaera/call.h>
#include <chimaera/container.h>
#include <chimaera/detail/module_table.h>
#include <chimaera/method.h>
#include <chimaera/result.h>
#include <chimaera/sync.h>
#include <chimaera/task.h>
#include <chimaera/when_all.h>

#define CHI_EXPORT_MODULE(Class, ...)                                                                     \
  extern "C" {                                                                                            \
  extern __attribute__((visibility("default"))) const chi_module chi_module_table;                        \
  constinit const chi_module chi_module_table =                                                           \
      ::chi::detail::module_table<Class __VA_OPT__(, ) __VA_ARGS__>(CHI_MODULE_NAME, CHI_MODULE_VERSION); \
  }

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// libFuzzer target: no text makes the manifest reader crash, throw or accept a module that leads out of its folder.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "runtime/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto manifest = chi::runtime::parse_manifest({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!manifest) return 0;
  bool sound = chi::is_identifier(manifest->name) && chi::runtime::is_version(manifest->version) &&
               manifest->library.find('/') == std::string::npos && manifest->library != "..";
  if (!sound) std::abort();
  return 0;
}

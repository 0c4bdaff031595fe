// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a module's folder says of it before its code is loaded (manifest.yaml):
//   name: kv                    # required: the name under which pools ask for it
//   version: 1.2.0              # required: major.minor.patch
//   description: a key-value store
//   library: libkv.so           # optional: a file of the same folder
#pragma once

#include <chimaera/result.h>

#include <string>
#include <string_view>

#include "base/trust.h"

namespace chi::runtime {

struct Manifest {
  std::string name;
  std::string version;
  std::string description;
  std::string library;  // a file name; empty: lib<name>.so or <name>.so
};

// From YAML text; `file` is what errors call it. Never throws; errors are invalid_argument, "FILE:LINE: ...".
Result<Manifest> parse_manifest(std::string_view text, std::string_view file);

// From a file of at most 64 KiB.
Result<Manifest> load_manifest(const std::string& path);

// The same where what it says is believed: of a file that others could have written it is permission_denied.
Result<Manifest> load_trusted_manifest(const std::string& path, const Trusted& authors);

// "1.22.333": three numbers without leading zeros, each below 2^31.
bool is_version(std::string_view text) noexcept;

// Whether the version comes before the other one. Both are versions.
bool is_older(std::string_view version, std::string_view other);

}  // namespace chi::runtime

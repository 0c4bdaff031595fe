// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Golden files: a State of each version that was ever stored, as text that a person can read and a review can show.
//
//   module: tally
//   version: 2
//   schema: (totals:{string:u64})
//   state: {"totals":{"apple":3}}
//   bytes: 01010100...
//
// `bytes` is what counts; schema and state are there to be read.
#pragma once

#include <chimaera/test_pool.h>

#include <string>

#include "test_kit/core.h"

namespace chi::test_kit {

struct Golden {
  std::string module;
  std::string schema;  // of that version
  Snapshot snapshot;
};

std::string golden_name(const std::string& module, std::uint32_t version);  // "tally.state.v2"
std::string golden_text(const chi_module& module, const Snapshot& snapshot);

// invalid_argument: no such file's text; the text says what it lacks.
Result<Golden> parse_golden(const std::string& text, const std::string& path);
Result<Golden> read_golden(const std::string& path);

Status check_golden(Core& core, runtime::Container& container, const std::string& folder);

}  // namespace chi::test_kit

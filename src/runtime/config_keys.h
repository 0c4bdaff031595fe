// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The table of configuration keys: the one place where a key, its default, its values and its meaning are written down.
#pragma once

#include <span>
#include <string_view>

#include "runtime/config.h"
#include "runtime/yaml.h"

namespace chi::runtime {

template <class Target>
struct Key {
  std::string_view section;  // empty for the keys of a pool
  std::string_view name;
  std::string_view fallback;              // as YAML; "null": not set; empty: the key is required
  std::string_view values;                // completes "it must be ..."
  std::string_view meaning;               // sentences
  bool (*set)(Target&, const YamlNode&);  // false: not one of `values`, and the target is as it was
};

std::span<const Key<Config>> config_keys();    // section by section; not `pools`
std::span<const Key<PoolConfig>> pool_keys();  // of one item of `pools`

}  // namespace chi::runtime

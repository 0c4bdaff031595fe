// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Writes the table of configuration keys out, as YAML and as a page of documentation; see config.h.
#include <fmt/format.h>

#include "runtime/config.h"
#include "runtime/config_keys.h"

namespace chi::runtime {

namespace {

constexpr std::size_t kWidth = 100;
constexpr std::string_view kPoolsMeaning = "Pools that are created when the daemon starts, if they are not there yet.";

// `text` as lines of at most kWidth, each beginning with `lead`.
std::string wrapped(std::string_view text, std::string_view lead) {
  std::string out;
  while (!text.empty()) {
    std::size_t end = text.size();
    if (lead.size() + end > kWidth) {
      end = text.rfind(' ', kWidth - lead.size());
      if (end == std::string_view::npos) end = text.size();
    }
    out.append(lead).append(text.substr(0, end)).append("\n");
    text.remove_prefix(end);
    if (!text.empty()) text.remove_prefix(1);
  }
  return out;
}

template <class T>
std::string described(const Key<T>& key, std::string_view prefix) {
  std::string fallback = key.fallback.empty()     ? "Required"
                         : key.fallback == "null" ? "Not set by default"
                                                  : fmt::format("Default `{}`", key.fallback);
  return fmt::format("### `{}{}`\n\n{}; {}.\n\n{}\n", prefix, key.name, fallback, key.values, wrapped(key.meaning, ""));
}

}  // namespace

std::string default_config_text() {
  std::string out = "# Chimaera's configuration: each key with its default. A key that is left out keeps it.\n";
  std::string_view section;
  for (const auto& key : config_keys()) {
    if (key.section != section) out += fmt::format("\n{}:\n", key.section);
    section = key.section;
    out += wrapped(fmt::format("{} ({})", key.meaning, key.values), "  # ");
    out += fmt::format("  {}: {}\n", key.name, key.fallback);
  }
  out += fmt::format("\n# {}\npools: []\n", kPoolsMeaning);
  for (const auto& key : pool_keys()) {
    out += wrapped(fmt::format("{} ({})", key.meaning, key.values), "#     # ");
    out += fmt::format("#   {} {}: {}\n", key.name == "name" ? "-" : " ", key.name,
                       key.fallback.empty() ? "kv" : key.fallback);
  }
  return out;
}

std::string config_reference() {
  std::string out =
      "# Configuration\n\n"
      "`chimaera start --config FILE` reads YAML. Every key has a default, so an empty file is a configuration;\n"
      "`chimaera start --print-config` prints one with each key and its default. A mistake (unknown key, wrong\n"
      "type, value out of range, duplicate key) is refused with file and line. Durations are written `50us`,\n"
      "`10ms`, `1.5s`, `2m`, `1h`; sizes `4KiB`, `64MiB`, `1GiB`. YAML's anchors, aliases and tags are refused.\n\n"
      "This page is made from the table in `src/runtime/config_keys.cc`; a test compares them.\n\n";
  std::string_view section;
  for (const auto& key : config_keys()) {
    if (key.section != section) out += fmt::format("## {}\n\n", key.section);
    section = key.section;
    out += described(key, fmt::format("{}.", key.section));
  }
  out += fmt::format("## pools\n\n{} A list; each item is a mapping of these keys:\n\n", kPoolsMeaning);
  for (const auto& key : pool_keys()) out += described(key, "pools[].");
  out.pop_back();
  return out;
}

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements golden.h.
#include "test_kit/golden.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "codec/binary_text.h"
#include "test_kit/place.h"
#include "test_kit/state.h"

namespace chi::test_kit {
namespace {

constexpr std::uint64_t kLargestGolden = std::uint64_t{64} << 20;
constexpr std::uint32_t kMostVersions = 255;  // chi::Version

std::string to_hex(std::string_view bytes) {
  std::string out;
  for (unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

bool may_write() {
  const char* wanted = std::getenv("CHIMAERA_WRITE_GOLDEN");
  return wanted && std::string_view(wanted) == "1";
}

Error refuse(std::string text) { return {Code::failed_precondition, std::move(text), kWhere}; }

Status check_present(Core& core, runtime::Container& container, const std::string& path) {
  const chi_module& module = container.pool.module->table();
  Result<Snapshot> now = take_snapshot(core, container);
  if (!now) return std::move(now).error();
  if (!exists(path)) {
    if (may_write()) return replace_file(path, golden_text(module, *now), 0644);
    return refuse(
        fmt::format("'{}' is not there: run the test once with CHIMAERA_WRITE_GOLDEN=1, read what it wrote, "
                    "and keep it with the sources",
                    path));
  }
  Result<Golden> golden = read_golden(path);
  if (!golden) return std::move(golden).error();
  if (golden->schema != module.state_schema) {
    return refuse(
        fmt::format("the State's fields are now {}, those of version {} in '{}' are {}: give the State the "
                    "version {} (kVersion), and keep the file; or remove it if no such state was ever stored",
                    module.state_schema, now->version, path, golden->schema, now->version + 1));
  }
  const std::string found = state_difference(module.state_schema, *now, golden->snapshot);
  if (found.empty()) return {};
  return refuse(fmt::format("the container's state is not that of '{}': {}", path, found));
}

// A state of any version must find its way into a container of today, and out again without a loss.
Status check_stored(Core& core, const runtime::Container& container, const std::string& path) {
  Result<Golden> golden = read_golden(path);
  if (!golden) return std::move(golden).error();
  const chi_module& module = container.pool.module->table();
  if (golden->module != module.name) return refuse(fmt::format("'{}' is of module {}", path, golden->module));
  Result<Snapshot> once = through_a_new_container(core, container, golden->snapshot);
  if (!once) return refuse(fmt::format("'{}' cannot be restored: {}", path, once.error().text));
  Result<Snapshot> twice = through_a_new_container(core, container, *once);
  if (!twice)
    return refuse(fmt::format("'{}', restored and stored anew, cannot be restored: {}", path, twice.error().text));
  const std::string found = state_difference(module.state_schema, *twice, *once);
  if (found.empty()) return {};
  return refuse(fmt::format("'{}', restored and stored anew, is another state: {}", path, found));
}

}  // namespace

std::string golden_name(const std::string& module, std::uint32_t version) {
  return fmt::format("{}.state.v{}", module, version);
}

std::string golden_text(const chi_module& module, const Snapshot& snapshot) {
  return fmt::format("module: {}\nversion: {}\nschema: {}\nstate: {}\nbytes: {}\n", module.name, snapshot.version,
                     module.state_schema, state_text(module.state_schema, snapshot), to_hex(snapshot.bytes));
}

Result<Golden> parse_golden(const std::string& text, const std::string& path) {
  std::map<std::string, std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) lines[line.substr(0, colon)] = line.substr(colon + 2);
  }
  auto wrong = [&](std::string_view what) {
    return Error{Code::invalid_argument, fmt::format("'{}' is no golden file of a State: {}", path, what), kWhere};
  };
  for (const char* key : {"module", "version", "schema", "bytes"}) {
    if (!lines.contains(key)) return wrong(fmt::format("it has no line `{}: ...`", key));
  }
  Result<std::uint64_t> version = parse_number(lines["version"]);
  if (!version || *version == 0 || *version > kMostVersions) return wrong("its version is not 1 to 255");
  std::optional<std::string> bytes = from_hex(lines["bytes"]);
  if (!bytes) return wrong("its bytes are not pairs of hexadecimal digits");
  return Golden{lines["module"], lines["schema"], {static_cast<std::uint32_t>(*version), *std::move(bytes)}};
}

Result<Golden> read_golden(const std::string& path) {
  Result<std::string> text = read_file(path, kLargestGolden);
  if (!text) return std::move(text).error();
  return parse_golden(*text, path);
}

Status check_golden(Core& core, runtime::Container& container, const std::string& folder) {
  const chi_module& module = container.pool.module->table();
  const std::string present = folder + "/" + golden_name(module.name, module.state_version);
  if (Status checked = check_present(core, container, present); !checked) return checked;
  for (std::uint32_t version = 1; version <= kMostVersions; ++version) {
    const std::string path = folder + "/" + golden_name(module.name, version);
    if (!exists(path)) continue;
    if (version > module.state_version) {
      return refuse(fmt::format("'{}' is of a later version than the State, whose is {}: a version is never given back",
                                path, module.state_version));
    }
    if (Status checked = check_stored(core, container, path); !checked) return checked;
  }
  return {};
}

}  // namespace chi::test_kit

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// libblkid knows the signatures of file systems, RAID members, volume managers and partition tables.
#include "signatures.h"

#include <blkid/blkid.h>

#include <memory>

namespace bdev {
namespace {

struct FreeProbe {
  void operator()(blkid_probe probe) const noexcept { blkid_free_probe(probe); }
};
using Probe = std::unique_ptr<blkid_struct_probe, FreeProbe>;

// What kind of thing was found; empty where it has no name.
std::string found(blkid_probe probe) {
  for (const char* name : {"TYPE", "PTTYPE"}) {
    const char* text = nullptr;
    if (blkid_probe_lookup_value(probe, name, &text, nullptr) == 0 && text) return text;
  }
  return "something";
}

}  // namespace

chi::Status check_blank_device(int descriptor, const std::string& path) {
  // A descriptor of its own, for its reads are not aligned.
  const Probe probe(blkid_new_probe_from_filename(("/proc/self/fd/" + std::to_string(descriptor)).c_str()));
  if (!probe) {
    return chi::Error{chi::Code::failed_precondition, "cannot look for what is on '" + path + "'", {}};
  }
  blkid_probe_enable_superblocks(probe.get(), 1);
  blkid_probe_enable_partitions(probe.get(), 1);
  const int outcome = blkid_do_safeprobe(probe.get());
  if (outcome == 1) return {};  // nothing
  const std::string what = outcome == 0 ? found(probe.get()) : outcome == -2 ? "several things" : "nobody knows what";
  return chi::Error{chi::Code::failed_precondition,
                    "'" + path + "' has " + what + " on it, which would be lost: name another device, clear it with " +
                        "wipefs, or say force=true",
                    {}};
}

}  // namespace bdev

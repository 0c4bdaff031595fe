// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Who could have put there what a path names: a file decides what a program does, so it must be from somebody who may.
// Each folder on the way is held and looked at before the next step is taken from it, so that nothing is used that was
// not looked at. Usable from any thread.
#pragma once

#include <chimaera/result.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace chi {

struct Trusted {
  std::vector<uid_t> owners;   // of the file and of all folders above it
  std::vector<uid_t> keepers;  // of what stands in a folder where everybody may put things, as /tmp
  bool own_group = false;      // may write to a file, too: as compilers make them where the umask is 002

  static Trusted root_and_this_user();
  // The same, and another user for what nobody else could have made in his place.
  static Trusted also(uid_t user);
};

// Opens a file or folder, with open(2)'s `flags`, that nobody else could have put there or could change: the owners are
// trusted ones, and others may not write, but to a read-only mount or, for a folder (`own_group`: for a file, too), as
// a user's own group, whose id is that user's. Links are followed under the same rules. permission_denied: the text
// names what others could change.
Result<UniqueFd> open_trusted(const std::string& path, int flags, const Trusted& trusted);

// read_file() of what root or this user alone could have written.
Result<std::string> read_trusted_file(const std::string& path, std::uint64_t limit);

}  // namespace chi

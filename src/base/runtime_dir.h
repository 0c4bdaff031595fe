// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where daemons and their clients meet: $XDG_RUNTIME_DIR/chimaera, or /tmp/chimaera-UID where that is unset. The folder
// is the user's own, with mode 0700, and no link: nobody else can put a socket there. Usable from any thread.
#pragma once

#include <chimaera/result.h>
#include <sys/un.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace chi {

// Where clients look.
struct RuntimePlace {
  std::string folder;
  bool chosen =
      false;  // by XDG_RUNTIME_DIR, or it is another user's own; else a folder in /tmp, which may be anybody's
};
RuntimePlace runtime_place();                            // of this process
std::vector<RuntimePlace> runtime_places_of(uid_t uid);  // of another user, the likelier first

// The folder of this user's daemons; `make`: made when it is not there. Fails with not_found, or permission_denied when
// it is not ours alone.
Result<std::string> runtime_dir(bool make);

// The folder, held: whoever cleans /tmp up passes over a folder that somebody has locked (flock), and over all in it.
// Fails as runtime_dir, which makes it.
Result<UniqueFd> hold_runtime_dir();

// "FOLDER/NAME.sock", "FOLDER/NAME.pid" and so on. Fails as runtime_dir, and with invalid_argument on a bad name.
Result<std::string> runtime_file(std::string_view daemon_name, std::string_view extension, bool make_dir);

// Fails with invalid_argument when the path does not fit a socket address (107 bytes).
Result<sockaddr_un> socket_address(const std::string& path);

}  // namespace chi

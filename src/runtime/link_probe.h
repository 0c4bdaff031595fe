// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Whether linking a library ends well, tried in a child process. What a library runs while it is linked (constructors
// of its static objects) runs before anything of it can be checked, and when it throws, crashes or never ends, then so
// does the process. The child is a copy of this one, and only links; nothing of what it does is seen here.
#pragma once

#include <chimaera/result.h>

#include <chrono>
#include <string>

namespace chi::runtime {

// failed_precondition: the child was ended by it, and the text has the first of what it said; deadline_exceeded: it was
// still linking after `patience`, and before that after a second. What dlopen itself refuses is no problem here. No
// other thread may be linking.
Status probe_link(const std::string& path, std::chrono::milliseconds patience);

}  // namespace chi::runtime

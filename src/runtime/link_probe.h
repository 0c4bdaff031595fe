// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Whether linking a library ends well, tried in another process. What a library runs while it is linked (constructors
// of its static objects) runs before anything of it can be checked, and when it throws, crashes or never ends, then so
// does the process. The process is a small program of its own (probe/main.cc), not a copy of this one: to fork a node
// takes time that grows with its memory, in which every thread of it stands still.
#pragma once

#include <chimaera/result.h>

#include <chrono>

namespace chi::runtime {

// The descriptors of the program that tries: beside its standard ones (nothing to read, and what it says) it has these
// alone.
inline constexpr int kProbeLibrary = 3;
inline constexpr int kProbeReport = 4;   // a pipe: one byte when linking is over, however it went
inline constexpr int kProbeProgram = 5;  // itself
inline constexpr char kProbeEnded = '\n';

// failed_precondition: the process was ended by it, and the text has the first of what it said; deadline_exceeded: it
// was still linking after `patience`; resource_exhausted, permission_denied: there could be no such process. What
// dlopen itself refuses is no problem here. `library` is open for reading, and stays so. From any thread.
Status probe_link(int library, std::chrono::milliseconds patience);

}  // namespace chi::runtime

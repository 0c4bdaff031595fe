// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a program has from whoever started it, and had better not rely on: standard descriptors, ignored signals.
#pragma once

namespace chi::cli {

// First of all in the program. Of descriptors 0 to 2 those that are closed are taken by ones that can be neither read
// nor written, so that no file, socket or pipe gets their numbers. Writes that fail say so (EPIPE, EFBIG) in place of
// SIGPIPE and SIGXFSZ, and children can be waited for.
void settle_inheritance() noexcept;

// For a daemon's process, while it has one thread: signals that its starter blocked come through, but for those that
// ask for the end, which are blocked for signal_watch.h; those that would end it otherwise are ignored, unless somebody
// handles them.
void settle_daemon_signals() noexcept;

}  // namespace chi::cli

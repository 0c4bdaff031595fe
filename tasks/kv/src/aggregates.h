// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is computed from all records of a container. Pure functions; the replies of scan refer to the records' memory,
// see chi::Bytes::borrow.
#pragma once

#include <chimaera/result.h>

#include "kv/kv.h"
#include "state.h"

namespace kv {

// Of one reply: an aggregate's size may not depend on what somebody put into the records.
inline constexpr std::size_t kMaxGroups = 100'000;
inline constexpr std::size_t kMaxGroupBytes = 16 << 20;  // of their names
// Beyond it, the scan goes on with the next one. As much as is sent where call.max_message is 1 MiB, its default.
inline constexpr std::size_t kMaxScanBytes = (1 << 20) - 4096;
inline constexpr std::size_t kMaxPattern = 4096;
inline constexpr std::int64_t kPatternMemory = 8 << 20;  // of the compiled pattern and what it needs to run

chi::Result<ScanReply> scan(const Records& records, const Scan& request);
chi::Result<TallyReply> tally(const Records& records, const Tally& request);
chi::Result<SumReply> sum(const Records& records, const Sum& request);
chi::Result<MatchReply> match(const Records& records, const Match& request);

}  // namespace kv

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The parts of a daemon, as its errors name them (chi::Error::where).
#pragma once

namespace chi::runtime {

inline constexpr char kNode[] = "node";
inline constexpr char kControl[] = "control";              // pools, modules, repos
inline constexpr char kListener[] = "listener";            // new clients
inline constexpr char kSession[] = "session";              // the memory that is shared with one client
inline constexpr char kRouter[] = "router";                // requests, on their way to a container
inline constexpr char kMetrics[] = "metrics";              // for Prometheus
inline constexpr char kOrchestration[] = "orchestration";  // policies, lanes and workers

}  // namespace chi::runtime

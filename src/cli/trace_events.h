// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A trace as Chrome's trace event format has it, which ui.perfetto.dev opens. Plain text, no I/O.
//
// Each worker is a thread: what it ran and the replies that it wrote are complete events ("X"), moves of lanes instant
// ones ("i"). Waits overlap each other, and so does what ran with threads of its own: they are asynchronous ("b", "e").
#pragma once

#include <chimaera/admin.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace chi::cli {

// head(), then events() of each step, then kTraceTail are one JSON object.
class TraceEvents {
 public:
  explicit TraceEvents(const admin::TraceStopReply& trace);

  static constexpr const char* kTail = "\n]}\n";
  std::string head(const std::string& daemon) const;
  void events(const admin::TraceStep& step, std::string& out);

 private:
  struct PoolNames {
    std::string name;
    std::map<std::uint32_t, std::string> methods;
  };

  std::string method_of(const admin::TraceStep& step) const;
  std::string arguments(const admin::TraceStep& step) const;
  void complete(const admin::TraceStep& step, const std::string& name, const char* category, std::uint64_t begin_ns,
                std::uint64_t end_ns, std::string& out) const;
  void asynchronous(const admin::TraceStep& step, const std::string& name, const char* category, std::uint64_t begin_ns,
                    std::uint64_t end_ns, std::string& out);
  void move(const admin::TraceStep& step, std::string& out) const;

  const admin::TraceStopReply& trace_;
  std::map<PoolId, PoolNames> pools_;
  std::uint64_t next_id_ = 1;
};

}  // namespace chi::cli

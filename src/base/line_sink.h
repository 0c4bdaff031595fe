// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where log lines end: one write(2) a line to a file, terminal, pipe or socket, which may be full, slow or gone.
// Thread-safe.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <mutex>
#include <string_view>

#include "base/unique_fd.h"

namespace chi {

class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // Writes to `fd`, which `owned` keeps open, or whoever else. `journal`: each line begins with its priority, "<6>".
  LineSink(UniqueFd owned, int fd, bool journal) : owned_(std::move(owned)), fd_(fd), journal_(journal) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  bool write_line(std::string_view line) noexcept;

  UniqueFd owned_;
  const int fd_;
  const bool journal_;
  bool torn_ = false;       // the last line was written in part
  std::uint64_t lost_ = 0;  // lines since the last one that was written
};

}  // namespace chi

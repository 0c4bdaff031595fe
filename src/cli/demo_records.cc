// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements demo_records.h.
#include "cli/demo_records.h"

#include <fmt/format.h>

namespace chi::cli {

namespace {

constexpr std::size_t kPiece = 128 << 10;  // read at once
constexpr std::string_view kKeyLine = "Package:";

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string_view value_of(std::string_view line) {
  line.remove_prefix(kKeyLine.size());
  const std::size_t begin = line.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r\n") + 1 - begin);
}

}  // namespace

Error RecordReader::wrong(std::string_view what) const {
  return {Code::invalid_argument,
          fmt::format("after line {}: {}; records look as `apt-cache dumpavail` prints them", line_, what),
          {}};
}

// Drops what was given out, and reads on.
Status RecordReader::fill() {
  buffer_.erase(0, begin_);
  at_ -= begin_;
  begin_ = 0;
  if (buffer_.size() > kMaxRecord) return wrong(fmt::format("a record of more than {} MiB", kMaxRecord >> 20));
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + kPiece);
  const Result<std::size_t> got = read_(buffer_.data() + kept, kPiece);
  buffer_.resize(kept + got.value_or(0));
  if (!got.ok()) return got.error();
  ended_ = *got == 0;
  bytes_ += *got;
  return {};
}

// The next line, with its end; false when there is none.
Result<bool> RecordReader::next_line(std::string_view& line) {
  std::size_t searched = at_;
  for (;;) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos || (ended_ && at_ < buffer_.size())) {
      const std::size_t size = end == std::string::npos ? buffer_.size() - at_ : end + 1 - at_;
      line = std::string_view(buffer_).substr(at_, size);
      at_ += size;
      ++line_;
      return true;
    }
    if (ended_) return false;
    searched = buffer_.size() - begin_;  // where it will be after fill()
    Status filled = fill();
    if (!filled.ok()) return std::move(filled).error();
  }
}

Result<bool> RecordReader::next(DemoRecord& out) {
  begin_ = at_;
  std::size_t key_at = 0, key_size = 0, size = 0;  // from begin_, which moves with the buffer
  for (;;) {
    std::string_view line;
    const Result<bool> is_there = next_line(line);
    if (!is_there.ok()) return is_there.error();
    const bool is_end = !*is_there || is_blank(line);
    if (is_end && size != 0) break;
    if (!*is_there) return false;
    if (is_end) {
      begin_ = at_;
      continue;
    }
    size = at_ - begin_;
    if (key_size != 0 || !line.starts_with(kKeyLine)) continue;
    const std::string_view key = value_of(line);
    key_at = static_cast<std::size_t>(key.data() - buffer_.data()) - begin_;
    key_size = key.size();
  }
  if (key_size == 0) return wrong("a record without a line 'Package: name'");
  if (key_size > kMaxKey) return wrong(fmt::format("a name of more than {} bytes", kMaxKey));
  out.text = std::string_view(buffer_).substr(begin_, size);
  out.key = out.text.substr(key_at, key_size);
  return true;
}

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Debian control files as a sequence of records: paragraphs of lines "Name: value", with empty lines between them. A
// record's key is its Package. Not thread-safe.
#pragma once

#include <chimaera/result.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace chi::cli {

struct DemoRecord {
  std::string_view key;
  std::string_view text;  // with the end of its last line, if there is one
};

class RecordReader {
 public:
  static constexpr std::size_t kMaxRecord = 8 << 20;
  static constexpr std::size_t kMaxKey = 4096;

  // Gives up to `size` bytes of the input, 0 at its end.
  using Read = std::function<Result<std::size_t>(char* to, std::size_t size)>;
  explicit RecordReader(Read read) : read_(std::move(read)) {}

  // The next record, whose views are valid until the next call; false at the end. Fails with what reading fails with,
  // and with invalid_argument, naming the line, when a record has no Package, or is too long: such a file is another
  // kind of file.
  Result<bool> next(DemoRecord& out);

  std::uint64_t bytes() const noexcept { return bytes_; }  // of input, so far

 private:
  Status fill();
  Result<bool> next_line(std::string_view& line);
  Error wrong(std::string_view what) const;

  Read read_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the record
  std::size_t at_ = 0;     // of what was not looked at yet
  std::uint64_t line_ = 0;
  std::uint64_t bytes_ = 0;
  bool ended_ = false;
};

}  // namespace chi::cli

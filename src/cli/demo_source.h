// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where the demo's records come from: a file, standard input, or what a program prints. Not thread-safe.
#pragma once

#include <chimaera/result.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace chi::cli {

class DemoSource {
 public:
  // A file; "-" is standard input. Fails with what the system says of it.
  static Result<std::unique_ptr<DemoSource>> open(const std::string& path);

  // What the program writes to its standard output; found in PATH, no shell. Its standard error is ours.
  static Result<std::unique_ptr<DemoSource>> run(const std::vector<std::string>& command);

  // Ends the program if it still runs.
  ~DemoSource();
  DemoSource(const DemoSource&) = delete;
  DemoSource& operator=(const DemoSource&) = delete;

  const std::string& name() const noexcept { return name_; }  // for people
  std::uint64_t size() const noexcept { return size_; }       // in bytes; 0: not known
  double waited() const noexcept { return waited_; }          // seconds spent in read()

  // Up to `size` bytes; 0 at the end.
  Result<std::size_t> read(char* to, std::size_t size);

  // After the end: whether the program ended well. Waits for it.
  Status finish();

 private:
  DemoSource(std::string name, UniqueFd input) : name_(std::move(name)), input_(std::move(input)) {}

  std::string name_;
  UniqueFd input_;
  std::uint64_t size_ = 0;
  double waited_ = 0;
  pid_t program_ = 0;
};

}  // namespace chi::cli

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where a linked library lies in memory: tells pointers into it from others. A plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace chi::runtime {

class LoadedImage {
 public:
  struct Segment {
    std::uintptr_t begin;
    std::uintptr_t end;
    bool readable;
    bool executable;
  };

  // Of a handle from dlopen; without segments when the linker does not know it.
  static LoadedImage of(void* handle);

  explicit LoadedImage(std::vector<Segment> segments) : segments_(std::move(segments)) {}

  // Whether [data, data + size) can be read, and `data` is a multiple of `alignment`.
  bool holds(const void* data, std::size_t size, std::size_t alignment) const noexcept;

  // Whether `function` points into code.
  bool holds_code(std::uintptr_t function) const noexcept;

  // The zero-terminated text there, if it ends within the library and after at most `longest` bytes.
  std::optional<std::string_view> text(const char* data, std::size_t longest) const noexcept;

 private:
  const Segment* segment_of(std::uintptr_t address) const noexcept;

  std::vector<Segment> segments_;
};

}  // namespace chi::runtime

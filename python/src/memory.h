// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Memory that daemon and program share, as an object with the buffer protocol: chimaera.Buffer. With the GIL only.
#pragma once

#include <chimaera/bytes.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>

namespace chi::python {

namespace py = pybind11;

// Registered by its address while it lives, so that whatever is a view of it (a memoryview, a NumPy array) is known
// for what it is, and travels without a copy.
class Region {
 public:
  Region(Buffer buffer, bool writable);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  const Buffer& buffer() const noexcept { return buffer_; }
  bool writable() const noexcept { return writable_; }

 private:
  Buffer buffer_;
  const bool writable_;
  const std::uint32_t fork_;
};

// The part of a region that these bytes are, with a reference of its own; empty, without a block, when they are none.
Buffer shared_part(const void* data, std::size_t size);

// A chimaera.Buffer of it.
py::object make_region(Buffer buffer, bool writable);

// A memoryview of it that cannot be written to.
py::object make_view(Buffer buffer);

void bind_memory(py::module_& module);

}  // namespace chi::python

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements memory.h.
#include "memory.h"

#include <map>
#include <memory>
#include <utility>

#include "interpreter.h"

namespace chi::python {

namespace {

// By the address of the first byte. Two regions may share it: parts of one allocation.
std::multimap<const std::uint8_t*, const Region*>& regions() {
  static auto* all = new std::multimap<const std::uint8_t*, const Region*>;  // outlives the interpreter
  return *all;
}

}  // namespace

Region::Region(Buffer buffer, bool writable) : buffer_(std::move(buffer)), writable_(writable), fork_(fork_number()) {
  if (buffer_.raw().block && !buffer_.empty()) regions().emplace(buffer_.data(), this);
}

Region::~Region() {
  const auto [first, last] = regions().equal_range(buffer_.data());
  for (auto each = first; each != last; ++each) {
    if (each->second != this) continue;
    regions().erase(each);
    break;
  }
  if (fork_ != fork_number()) static_cast<void>(new Buffer(std::move(buffer_)));  // the parent's, not to be given back
}

Buffer shared_part(const void* data, std::size_t size) {
  constexpr int kMostNested = 16;  // regions within regions; one that is missed costs a copy
  const auto* first = static_cast<const std::uint8_t*>(data);
  auto next = regions().upper_bound(first);
  for (int i = 0; i < kMostNested && size != 0 && next != regions().begin(); ++i) {
    --next;
    const Buffer& whole = next->second->buffer();
    const auto offset = static_cast<std::size_t>(first - whole.data());
    if (offset < whole.size() && size <= whole.size() - offset) return whole.slice(offset, size);
  }
  return {};
}

py::object make_region(Buffer buffer, bool writable) {
  return py::cast(std::make_unique<Region>(std::move(buffer), writable));
}

py::object make_view(Buffer buffer) {
  const py::object region = make_region(std::move(buffer), false);
  PyObject* view = PyMemoryView_FromObject(region.ptr());
  if (!view) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(view);
}

void bind_memory(py::module_& module) {
  py::class_<Region>(module, "Buffer", py::buffer_protocol())
      .def_buffer([](const Region& region) {
        return py::buffer_info(region.buffer().data(), 1, "B", 1, {static_cast<py::ssize_t>(region.buffer().size())},
                               {py::ssize_t{1}}, !region.writable());
      })
      .def("__len__", [](const Region& region) { return region.buffer().size(); })
      .def("__repr__", [](const Region& region) {
        return "<chimaera.Buffer of " + std::to_string(region.buffer().size()) + " bytes>";
      });
}

}  // namespace chi::python

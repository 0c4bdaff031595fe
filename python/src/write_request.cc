// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Fields, and values made of values, to the wire. Recursion is bounded by the schema.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/text.h"
#include "codec/json_problem.h"
#include "helpers.h"
#include "writer.h"

namespace chi::python {

namespace {

using Kind = SchemaType::Kind;

constexpr std::uint8_t kVersions[2] = {1, 1};

// The letter that a buffer's format has for elements of this kind, where they lie in memory as on the wire.
bool has_format(const Py_buffer& view, Kind kind) {
  static constexpr const char* kLetters[] = {"B", "H", "I", "LQ", "b", "h", "i", "lq", "f", "d"};
  const char* format = view.format ? view.format : "B";
  if (*format == '<' || *format == '@' || *format == '=') ++format;
  return *format != '\0' && format[1] == '\0' && std::strchr(kLetters[static_cast<std::size_t>(kind)], *format);
}

}  // namespace

void Writer::request(const SchemaType& type, const py::tuple& arguments, const py::dict& named, std::size_t needed) {
  if (arguments.size() > type.of.size()) {
    raise(PyExc_TypeError,
          fmt::format("{} values for {} fields: {}", arguments.size(), type.of.size(), list_of(type.names)));
  }
  std::vector<PyObject*> given(type.of.size());
  std::size_t used = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    given[i] = PyDict_GetItemString(named.ptr(), type.names[i].c_str());
    if (given[i]) ++used;
    if (i >= arguments.size()) continue;
    if (given[i]) raise(PyExc_TypeError, fmt::format("field '{}' is given twice", type.names[i]));
    given[i] = PyTuple_GET_ITEM(arguments.ptr(), static_cast<Py_ssize_t>(i));
  }
  if (used != named.size()) refuse_unknown(type, named);
  if (needed < given.size() && !given[needed]) raise(PyExc_TypeError, missing_field(type, needed));
  while (!given.empty() && !given.back()) given.pop_back();
  for (std::size_t i = 0; i < given.size(); ++i) field(type, i, given[i]);
}

void Writer::field(const SchemaType& type, std::size_t index, PyObject* found) {
  if (!found && type.of[index].kind != Kind::optional) {
    raise(PyExc_TypeError, missing_field(type, index) + "; fields may be left out at the end only");
  }
  inside("." + type.names[index], type.of[index], found ? py::handle(found) : py::none());
}

void Writer::refuse_unknown(const SchemaType& type, const py::dict& named) {
  for (const auto& item : named) {
    const auto name = py::str(item.first).cast<std::string>();
    if (std::find(type.names.begin(), type.names.end(), name) == type.names.end()) {
      raise(PyExc_TypeError, unknown_field(name, type));
    }
  }
}

void Writer::inside(const std::string& step, const SchemaType& type, py::handle from) {
  const std::size_t length = path_.size();
  path_ += step;
  value(type, from);
  path_.resize(length);
}

void Writer::value(const SchemaType& type, py::handle from) {
  switch (type.kind) {
    case Kind::boolean:
      if (!PyBool_Check(from.ptr())) refuse(type, from);
      return to_.u8(from.ptr() == Py_True ? 1 : 0);
    case Kind::f32:
    case Kind::f64:
      return real(type, from);
    case Kind::string:
      return text(type, from);
    case Kind::bytes:
    case Kind::buffer:
      return bytes(type, from);
    case Kind::enumeration:
      return enumerator(type, from);
    case Kind::optional:
      to_.u8(from.is_none() ? 0 : 1);
      return from.is_none() ? void() : value(type.of[0], from);
    case Kind::list:
    case Kind::array:
    case Kind::tuple:
      return elements(type, from);
    case Kind::map:
      return map(type, from);
    case Kind::aggregate:
      return aggregate(type, from);
    default:
      return integer(type.kind, type, from);
  }
}

void Writer::elements(const SchemaType& type, py::handle from) {
  if (PyUnicode_Check(from.ptr()) || PyDict_Check(from.ptr())) refuse(type, from);
  if (type.kind != Kind::tuple && type.of[0].is_number() && PyObject_CheckBuffer(from.ptr())) {
    if (numbers(type, from)) return;
  }
  PyObject* fast = PySequence_Fast(from.ptr(), "");
  if (!fast) {
    PyErr_Clear();
    refuse(type, from);
  }
  const py::object held = py::reinterpret_steal<py::object>(fast);
  const auto count = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(fast));
  open_elements(type, count);
  for (std::size_t i = 0; i < count; ++i) {
    // Looked up each time: what the elements do may change a list.
    if (i >= static_cast<std::size_t>(PySequence_Fast_GET_SIZE(fast))) raise(PyExc_ValueError, "it has changed");
    const auto element = py::reinterpret_borrow<py::object>(PySequence_Fast_GET_ITEM(fast, static_cast<Py_ssize_t>(i)));
    inside(fmt::format("[{}]", i), type.of[type.kind == Kind::tuple ? i : 0], element);
  }
}

bool Writer::numbers(const SchemaType& type, py::handle from) {
  Py_buffer view;
  if (PyObject_GetBuffer(from.ptr(), &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) {
    PyErr_Clear();
    return false;
  }
  const auto count = static_cast<std::size_t>(view.len) / static_cast<std::size_t>(view.itemsize);
  const bool fits = view.ndim == 1 && has_format(view, type.of[0].kind);
  const bool right = type.kind == Kind::list || count == type.count;
  if (fits && right) {
    open_elements(type, count);
    to_.raw(view.buf, static_cast<std::size_t>(view.len));
  }
  PyBuffer_Release(&view);
  return fits && right;
}

void Writer::open_elements(const SchemaType& type, std::size_t count) {
  const std::size_t fixed = type.kind == Kind::tuple ? type.of.size() : type.count;
  if (type.kind == Kind::list) {
    to_.length(count);
  } else if (count != fixed) {
    raise(PyExc_ValueError, fmt::format("expected {} elements, got {}", fixed, count));
  }
}

void Writer::map(const SchemaType& type, py::handle from) {
  const bool mapping = py::hasattr(from, "items");
  PyObject* listed = mapping ? PyMapping_Items(from.ptr()) : PySequence_List(from.ptr());
  if (!listed) {
    PyErr_Clear();
    refuse(type, from);
  }
  const auto pairs = py::reinterpret_steal<py::list>(listed);
  to_.length(static_cast<std::size_t>(PyList_GET_SIZE(pairs.ptr())));
  for (const auto& each : pairs) {
    if (!PyTuple_Check(each.ptr()) || PyTuple_GET_SIZE(each.ptr()) != 2) refuse(type, from);
    const py::handle key = PyTuple_GET_ITEM(each.ptr(), 0);
    const std::string step = fmt::format("[{}]", py::repr(key).cast<std::string>());
    inside(step, type.of[0], key);
    inside(step, type.of[1], PyTuple_GET_ITEM(each.ptr(), 1));
  }
}

void Writer::aggregate(const SchemaType& type, py::handle from) {
  to_.raw(kVersions, sizeof kVersions);
  const std::size_t size = to_.open_size();
  if (PyDict_Check(from.ptr())) {
    const auto fields = py::reinterpret_borrow<py::dict>(from);
    request(type, py::tuple(), fields, kNone);
  } else {
    for (std::size_t i = 0; i < type.of.size(); ++i) {
      const py::object attribute = py::getattr(from, type.names[i].c_str(), py::none());
      if (attribute.is_none() && !py::hasattr(from, type.names[i].c_str())) refuse(type, from);
      field(type, i, attribute.ptr());
    }
  }
  to_.close_size(size);
}

Exports::~Exports() {
  for (Py_buffer& view : views_) PyBuffer_Release(&view);
}

const Py_buffer* Exports::add(py::handle object) {
  Py_buffer view;
  if (PyObject_GetBuffer(object.ptr(), &view, PyBUF_SIMPLE) != 0) {
    PyErr_Clear();
    return nullptr;
  }
  views_.push_back(view);
  return &views_.back();
}

void write_request(const SchemaType& type, const py::tuple& arguments, const py::dict& named, Encoder& to,
                   Exports& exports, std::size_t needed) {
  if (!type.of.empty()) to.raw(kVersions, sizeof kVersions);
  Writer(to, exports).request(type, arguments, named, needed);
}

}  // namespace chi::python

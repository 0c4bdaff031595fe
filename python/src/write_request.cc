// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Fields, and values made of values, to the wire. Recursion is bounded by the schema.
//
// Any look at a value may run its class' code, which may change the container that the value came from: what is written
// is held by references of our own. What that code raises goes to the caller as it is.
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

bool is_iterable(py::handle object) { return Py_TYPE(object.ptr())->tp_iter || PySequence_Check(object.ptr()); }

// How a key is named in a path; code of its class does not run for that.
std::string step_of(py::handle key, std::size_t index) {
  const bool plain = PyUnicode_CheckExact(key.ptr()) || PyLong_CheckExact(key.ptr()) || PyBytes_CheckExact(key.ptr());
  return plain ? fmt::format("[{}]", plain_text(py::repr(key))) : fmt::format("[key {}]", index);
}

// The letter that a buffer's format has for elements of this kind, where they lie in memory as on the wire.
bool has_format(const Py_buffer& view, Kind kind) {
  static constexpr const char* kLetters[] = {"B", "H", "I", "LQ", "b", "h", "i", "lq", "f", "d"};
  static constexpr Py_ssize_t kSizes[] = {1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
  if (view.itemsize != kSizes[static_cast<std::size_t>(kind)]) return false;
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
  std::vector<py::object> given(type.of.size());
  std::size_t used = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const py::str name(type.names[i]);
    given[i] = py::reinterpret_borrow<py::object>(PyDict_GetItemWithError(named.ptr(), name.ptr()));
    if (!given[i] && PyErr_Occurred()) throw py::error_already_set();
    if (given[i]) ++used;
    if (i >= arguments.size()) continue;
    if (given[i]) raise(PyExc_TypeError, fmt::format("field '{}' is given twice", type.names[i]));
    given[i] = py::reinterpret_borrow<py::object>(PyTuple_GET_ITEM(arguments.ptr(), static_cast<Py_ssize_t>(i)));
  }
  if (used != named.size()) refuse_unknown(type, named);
  if (needed < given.size() && !given[needed]) raise(PyExc_TypeError, missing_field(type, needed));
  while (!given.empty() && !given.back()) given.pop_back();
  for (std::size_t i = 0; i < given.size(); ++i) field(type, i, given[i].ptr());
}

void Writer::field(const SchemaType& type, std::size_t index, PyObject* found) {
  if (!found && type.of[index].kind != Kind::optional) {
    raise(PyExc_TypeError, missing_field(type, index) + "; fields may be left out at the end only");
  }
  inside("." + type.names[index], type.of[index], found ? py::handle(found) : py::none());
}

void Writer::refuse_unknown(const SchemaType& type, const py::dict& named) {
  const py::object keys = steal(PyDict_Keys(named.ptr()));
  for (const py::handle key : gather(keys)) {
    if (!PyUnicode_Check(key.ptr())) {
      raise(PyExc_TypeError, fmt::format("names of fields are str, not {}", Py_TYPE(key.ptr())->tp_name));
    }
    const std::string name = plain_text(key);
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
      return boolean(type, from);
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
  if (!is_iterable(from)) refuse(type, from);
  const py::tuple all = gather(from);
  open_elements(type, all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    inside(fmt::format("[{}]", i), type.of[type.kind == Kind::tuple ? i : 0],
           PyTuple_GET_ITEM(all.ptr(), static_cast<Py_ssize_t>(i)));
  }
}

bool Writer::numbers(const SchemaType& type, py::handle from) {
  Py_buffer view;
  if (PyObject_GetBuffer(from.ptr(), &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) {
    // Elements that do not lie one after the other, or that have no format, are taken one by one.
    for (PyObject* expected : {PyExc_BufferError, PyExc_ValueError, PyExc_TypeError}) {
      if (!PyErr_ExceptionMatches(expected)) continue;
      PyErr_Clear();
      return false;
    }
    throw py::error_already_set();
  }
  const bool fits = view.ndim == 1 && has_format(view, type.of[0].kind);
  const std::size_t count = fits ? static_cast<std::size_t>(view.len / view.itemsize) : 0;
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
  py::object listed = py::reinterpret_borrow<py::object>(from);
  if (PyDict_CheckExact(from.ptr())) {
    listed = steal(PyDict_Items(from.ptr()));
  } else if (const py::object items = find_attribute(from, "items")) {
    listed = items();
  }
  if (!is_iterable(listed)) refuse(type, from);
  const py::tuple pairs = gather(listed);
  to_.length(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const py::handle pair = PyTuple_GET_ITEM(pairs.ptr(), static_cast<Py_ssize_t>(i));
    if (!PyTuple_Check(pair.ptr()) || PyTuple_GET_SIZE(pair.ptr()) != 2) refuse(type, from);
    const py::handle key = PyTuple_GET_ITEM(pair.ptr(), 0);
    const std::string step = step_of(key, i);
    inside(step, type.of[0], key);
    inside(step, type.of[1], PyTuple_GET_ITEM(pair.ptr(), 1));
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
      const py::object attribute = find_attribute(from, type.names[i].c_str());
      if (!attribute) refuse(type, from);
      field(type, i, attribute.ptr());
    }
  }
  to_.close_size(size);
}

void write_request(const SchemaType& type, const py::tuple& arguments, const py::dict& named, Encoder& to,
                   Exports& exports, std::size_t needed) {
  if (!type.of.empty()) to.raw(kVersions, sizeof kVersions);
  Writer(to, exports).request(type, arguments, named, needed);
}

}  // namespace chi::python

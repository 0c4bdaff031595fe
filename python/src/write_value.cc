// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Single values to the wire, and what is said of those that do not fit.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "codec/json_problem.h"
#include "codec/numbers.h"
#include "helpers.h"
#include "memory.h"
#include "writer.h"

namespace chi::python {

// Beside bool what is a single truth value in memory: numpy.bool_, an array of it without dimensions, ctypes.c_bool.
void Writer::boolean(const SchemaType& type, py::handle from) {
  if (PyBool_Check(from.ptr())) return to_.u8(from.ptr() == Py_True ? 1 : 0);
  if (!PyObject_CheckBuffer(from.ptr())) refuse(type, from);
  Exports one;
  const Py_buffer* view = one.add(from);
  const std::string_view format = view && view->format ? view->format : "";
  if (!view || view->ndim != 0 || view->len != 1 || format.empty() || format.back() != '?') refuse(type, from);
  to_.u8(*static_cast<const std::uint8_t*>(view->buf) != 0 ? 1 : 0);
}

void Writer::integer(Kind kind, const SchemaType& type, py::handle from) {
  if (!PyIndex_Check(from.ptr())) refuse(type, from);
  const py::object number = steal(PyNumber_Index(from.ptr()));
  int overflow = 0;
  Json json = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow > 0) {
    json = PyLong_AsUnsignedLongLong(number.ptr());
    if (PyErr_Occurred()) {
      PyErr_Clear();
      overflow = -1;
    }
  }
  std::string problem;
  const auto bits = overflow < 0 ? std::nullopt : integer_of(kind, json, problem);
  if (!bits && problem.empty()) {
    problem = fmt::format("{} is out of range of {}", py::str(number).cast<std::string>(), type.describe());
  }
  if (!bits) raise(PyExc_ValueError, problem);
  write_integer(kind, *bits, to_);
}

void Writer::real(const SchemaType& type, py::handle from) {
  const PyNumberMethods* methods = Py_TYPE(from.ptr())->tp_as_number;
  if (!methods || (!methods->nb_float && !methods->nb_index)) refuse(type, from);
  const double number = PyFloat_AsDouble(from.ptr());
  if (number == -1.0 && PyErr_Occurred()) throw py::error_already_set();
  std::string problem;
  if (!real_of(type.kind, real_to_json(number), problem)) raise(PyExc_ValueError, problem);
  write_real(type.kind, number, to_);
}

void Writer::text(const SchemaType& type, py::handle from) {
  if (!PyUnicode_Check(from.ptr())) refuse(type, from);
  Py_ssize_t size = 0;
  if (const char* utf8 = PyUnicode_AsUTF8AndSize(from.ptr(), &size)) {
    return to_.string({utf8, static_cast<std::size_t>(size)});
  }
  if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) throw py::error_already_set();
  PyErr_Clear();
  const py::object encoded = steal(PyUnicode_AsEncodedString(from.ptr(), "utf-8", "surrogateescape"));
  to_.string({PyBytes_AS_STRING(encoded.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.ptr()))});
}

void Writer::bytes(const SchemaType& type, py::handle from) {
  if (!PyObject_CheckBuffer(from.ptr())) refuse(type, from);
  const Py_buffer* added = exports_.add(from);
  if (!added) raise(PyExc_BufferError, "expected contiguous memory; copy it first, as with bytes()");
  if (holds_addresses(*added)) {
    raise(PyExc_TypeError, fmt::format("expected {}, got {} of objects or pointers, whose bytes are addresses of this "
                                       "process",
                                       type.describe(), Py_TYPE(from.ptr())->tp_name));
  }
  const Py_buffer& view = *added;
  const auto size = static_cast<std::size_t>(view.len);
  const bool small = type.kind == Kind::bytes && size <= kInlineBytes;
  Buffer shared = small ? Buffer() : shared_part(view.buf, size);
  if (type.kind == Kind::buffer) {
    if (!shared.raw().block) {
      raise(PyExc_TypeError,
            "the callee works in this memory: expected a Buffer of the client's allocate(), or a "
            "view of one (a memoryview, a NumPy array)");
    }
    return to_.buffer(shared);
  }
  to_.bytes(shared.raw().block ? Bytes::from(std::move(shared)) : Bytes::borrow(view.buf, size));
}

void Writer::enumerator(const SchemaType& type, py::handle from) {
  if (!PyUnicode_Check(from.ptr())) return integer(type.number, type, from);
  const std::string name = plain_text(from);
  const auto found = std::find(type.names.begin(), type.names.end(), name);
  if (found == type.names.end()) raise(PyExc_ValueError, unknown_value(name, type));
  const auto index = static_cast<std::size_t>(found - type.names.begin());
  write_integer(type.number, static_cast<std::uint64_t>(type.values[index]), to_);
}

void Writer::refuse(const SchemaType& type, py::handle from) {
  raise(PyExc_TypeError, fmt::format("expected {}, got {}", type.describe(), Py_TYPE(from.ptr())->tp_name));
}

void Writer::raise(PyObject* exception, const std::string& problem) {
  const std::string at = path_.empty() ? "" : fmt::format("field '{}': ", path_.substr(path_[0] == '.' ? 1 : 0));
  PyErr_SetString(exception, (at + problem).c_str());
  throw py::error_already_set();
}

}  // namespace chi::python

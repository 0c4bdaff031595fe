// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The memory of Python's objects, and what lies in it.
#include <cstring>

#include "helpers.h"
#include "values.h"

namespace chi::python {

namespace {

constexpr int kContiguous = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT;
constexpr int kDeepest = 32;  // types within types

// Letters of the struct module, PEP 3118 and ctypes; names of fields stand between colons.
bool names_addresses(const char* format) {
  for (; *format; ++format) {
    if (*format == ':') {
      format = std::strchr(format + 1, ':');
      if (!format) return true;
    } else if (*format == 'Z' && format[1] != '\0' && std::strchr("fdg", format[1])) {
      ++format;  // a complex number
    } else if (std::strchr("OPzZ&X", *format)) {
      return true;
    }
  }
  return false;
}

// Of a type of ctypes: a union, or a packed structure, has the format of bytes, whatever its fields are.
bool type_holds_addresses(py::handle type, int depth) {
  if (depth == kDeepest) return true;
  const py::object fields = find_attribute(type, "_fields_");
  if (fields) {
    // Each class of a hierarchy has fields of its own.
    for (const py::handle base : gather(type.attr("__mro__"))) {
      const py::object own = find_attribute(base, "_fields_");
      if (!own) continue;
      for (const py::handle field : gather(own)) {
        if (!PyTuple_Check(field.ptr()) || PyTuple_GET_SIZE(field.ptr()) < 2) continue;
        if (type_holds_addresses(PyTuple_GET_ITEM(field.ptr(), 1), depth + 1)) return true;
      }
    }
    return false;
  }
  if (find_attribute(type, "_restype_")) return true;  // a function
  const py::object element = find_attribute(type, "_type_");
  if (!element) return false;
  if (PyUnicode_Check(element.ptr())) return names_addresses(plain_text(element).c_str());
  return !find_attribute(type, "_length_") || type_holds_addresses(element, depth + 1);
}

}  // namespace

Exports::~Exports() {
  for (Py_buffer& view : views_) PyBuffer_Release(&view);
}

const Py_buffer* Exports::add(py::handle object) {
  Py_buffer view;
  if (PyObject_GetBuffer(object.ptr(), &view, kContiguous) == 0) {
    views_.push_back(view);
    return &views_.back();
  }
  const py::error_already_set raised;
  if (raised.matches(PyExc_BufferError) || raised.matches(PyExc_ValueError)) {
    const bool scattered = PyObject_GetBuffer(object.ptr(), &view, PyBUF_FULL_RO) == 0;
    if (scattered) {
      PyBuffer_Release(&view);
      return nullptr;
    }
    PyErr_Clear();
  }
  throw raised;
}

bool holds_addresses(const Py_buffer& view) {
  if (view.format && names_addresses(view.format)) return true;
  if (view.format && std::strcmp(view.format, "B") != 0) return false;
  auto owner = py::reinterpret_borrow<py::object>(view.obj);
  while (owner && PyMemoryView_Check(owner.ptr())) {
    owner = py::reinterpret_borrow<py::object>(PyMemoryView_GET_BASE(owner.ptr()));
  }
  if (!owner || PyBytes_CheckExact(owner.ptr()) || PyByteArray_CheckExact(owner.ptr())) return false;
  return type_holds_addresses(reinterpret_cast<PyObject*>(Py_TYPE(owner.ptr())), 0);
}

}  // namespace chi::python

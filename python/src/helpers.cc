// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements helpers.h.
#include "helpers.h"

namespace chi::python {

namespace {

struct Helpers {
  PyObject* make_error = nullptr;
  PyObject* make_record_class = nullptr;
  PyObject* make_replies = nullptr;
} helpers;

// Text of a peer need not be UTF-8.
py::object text_of(const std::string& text) {
  PyObject* made = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace");
  if (!made) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(made);
}

}  // namespace

void set_helpers(py::function make_error, py::function make_record_class, py::function make_replies) {
  helpers.make_error = make_error.release().ptr();
  helpers.make_record_class = make_record_class.release().ptr();
  helpers.make_replies = make_replies.release().ptr();
}

py::object make_error(const Error& error) {
  const auto code = code_name(error.code);
  return py::handle(helpers.make_error)(py::str(code.data(), code.size()), text_of(error.text), text_of(error.where));
}

py::handle record_class(const std::string& name, const py::tuple& fields) {
  return py::handle(helpers.make_record_class)(name, fields).release();
}

py::object make_replies(const py::list& entries, const py::object& merged) {
  return py::handle(helpers.make_replies)(entries, merged);
}

py::object find_attribute(py::handle object, const char* name) {
  PyObject* found = PyObject_GetAttrString(object.ptr(), name);
  if (!found && !PyErr_ExceptionMatches(PyExc_AttributeError)) throw py::error_already_set();
  if (!found) PyErr_Clear();
  return py::reinterpret_steal<py::object>(found);
}

py::tuple gather(py::handle iterable) {
  if (PyList_CheckExact(iterable.ptr()) || PyTuple_CheckExact(iterable.ptr())) {
    return py::reinterpret_steal<py::tuple>(steal(PySequence_Tuple(iterable.ptr())).release());
  }
  constexpr std::size_t kStep = 4096;
  const py::object iterator = steal(PyObject_GetIter(iterable.ptr()));
  const py::object elements = steal(PyList_New(0));
  for (std::size_t i = 1;; ++i) {
    const auto element = py::reinterpret_steal<py::object>(PyIter_Next(iterator.ptr()));
    if (!element && PyErr_Occurred()) throw py::error_already_set();
    if (!element) return py::reinterpret_steal<py::tuple>(steal(PyList_AsTuple(elements.ptr())).release());
    if (PyList_Append(elements.ptr(), element.ptr()) != 0) throw py::error_already_set();
    if (i % kStep != 0) continue;
    // An endless one need not run code that hears signals, or lets others run.
    unlocked([] {});
    check_signals();
  }
}

std::string plain_text(py::handle text) {
  const py::object encoded = steal(PyUnicode_AsEncodedString(text.ptr(), "utf-8", "backslashreplace"));
  return {PyBytes_AS_STRING(encoded.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.ptr()))};
}

void raise(const Failed& failed) {
  const py::object made = make_error(failed.error);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
  throw py::error_already_set();
}

}  // namespace chi::python

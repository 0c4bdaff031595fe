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

void raise(const Failed& failed) {
  const py::object made = make_error(failed.error);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
  throw py::error_already_set();
}

}  // namespace chi::python

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Writes Python's values as one message's fields; see values.h. What is not as the schema says is raised, with the path
// to it. With the GIL only.
#pragma once

#include <chimaera/encoder.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <string>

#include "codec/schema_type.h"
#include "values.h"

namespace chi::python {

class Writer {
 public:
  Writer(Encoder& to, Exports& exports) : to_(to), exports_(exports) {}

  // As write_request.
  void request(const SchemaType& type, const py::tuple& arguments, const py::dict& named, std::size_t needed);

 private:
  using Kind = SchemaType::Kind;

  // write_request.cc
  void field(const SchemaType& type, std::size_t index, PyObject* found);
  void refuse_unknown(const SchemaType& type, const py::dict& named);
  void inside(const std::string& step, const SchemaType& type, py::handle from);
  void value(const SchemaType& type, py::handle from);
  void elements(const SchemaType& type, py::handle from);
  // An array of just these numbers is copied as a whole.
  bool numbers(const SchemaType& type, py::handle from);
  void open_elements(const SchemaType& type, std::size_t count);
  void map(const SchemaType& type, py::handle from);
  void aggregate(const SchemaType& type, py::handle from);

  // write_value.cc
  void boolean(const SchemaType& type, py::handle from);
  void integer(Kind kind, const SchemaType& type, py::handle from);
  void real(const SchemaType& type, py::handle from);
  void text(const SchemaType& type, py::handle from);
  void bytes(const SchemaType& type, py::handle from);
  void enumerator(const SchemaType& type, py::handle from);
  [[noreturn]] void refuse(const SchemaType& type, py::handle from);
  [[noreturn]] void raise(PyObject* exception, const std::string& problem);

  Encoder& to_;
  Exports& exports_;
  std::string path_;  // to the value that is being written
};

}  // namespace chi::python

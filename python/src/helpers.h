// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is written in Python and used from here: exceptions, classes of records, gathered replies. With the GIL only.
#pragma once

#include <chimaera/result.h>
#include <pybind11/pybind11.h>

#include <string>
#include <utility>

#include "interpreter.h"

namespace chi::python {

namespace py = pybind11;

// The functions live until the process ends, so that no destructor runs without an interpreter.
void set_helpers(py::function make_error, py::function make_record_class, py::function make_replies);

// A chimaera.Error of the subclass that belongs to its code.
py::object make_error(const Error& error);

// A subclass of chimaera.Record with these fields; one for each name and list of fields. Borrowed, lives for ever.
py::handle record_class(const std::string& name, const py::tuple& fields);

// chimaera.Replies of (container, reply, error) each; or, where there is one, the merged value: see _replies.py.
py::object make_replies(const py::list& entries, const py::object& merged);

// Thrown in an Entered, where it becomes the exception of its error.
struct Failed {
  Error error;
};
[[noreturn]] void raise(const Failed& failed);

// What Python calls, as a function for pybind11: Entered, and with Failed as Python's exception.
template <class F>
auto run_entered(F&& body) {
  const Entered here;
  try {
    return body();
  } catch (const Failed& failed) {
    raise(failed);
  }
}
template <class R, class... A>
auto entering(R (*function)(A...)) {
  return
      [function](A... arguments) -> R { return run_entered([&] { return function(std::forward<A>(arguments)...); }); };
}
template <class R, class C, class... A>
auto entering(R (C::*method)(A...)) {
  return [method](C& self, A... arguments) -> R {
    return run_entered([&] { return (self.*method)(std::forward<A>(arguments)...); });
  };
}

// An attribute, or a null object where there is none; what else its look-up raises goes on.
py::object find_attribute(py::handle object, const char* name);

// The elements of an iterable in an order of our own: what they do later does not change it. Hears signals.
py::tuple gather(py::handle iterable);

// Of a str; what is not UTF-8 is escaped.
std::string plain_text(py::handle text);

// A new reference that the interpreter gave, or what it raised instead.
inline py::object steal(PyObject* made) {
  if (!made) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(made);
}

template <class T>
T value_of(Result<T>&& result) {
  if (!result.ok()) throw Failed{std::move(result).error()};
  return *std::move(result);
}
inline void check(Status&& status) {
  if (!status.ok()) throw Failed{std::move(status).error()};
}

}  // namespace chi::python

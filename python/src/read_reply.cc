// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// From the wire to Python's objects. Recursion is bounded by the schema.
#include <algorithm>
#include <string_view>
#include <utility>

#include "codec/numbers.h"
#include "helpers.h"
#include "memory.h"
#include "values.h"

namespace chi::python {

namespace {

using Kind = SchemaType::Kind;

py::object integer(Kind kind, Decoder& from) {
  const std::uint64_t bits = read_integer(kind, from);
  if (kind < Kind::i8) return steal(PyLong_FromUnsignedLongLong(bits));
  return steal(PyLong_FromLongLong(static_cast<long long>(bits)));
}

void skip_versions(Decoder& from) {
  from.u8();
  from.u8();
}

}  // namespace

py::object Reader::read(const chi_message& message, bool views) const {
  Decoder from(message);
  if (message.size != 0) skip_versions(from);
  py::object out = fields(type_, from, views, name_);
  check(from.status());
  return out;
}

py::object Reader::value(const SchemaType& type, Decoder& from, bool views) const {
  switch (type.kind) {
    case Kind::boolean:
      return py::bool_(from.boolean());
    case Kind::f32:
    case Kind::f64:
      return steal(PyFloat_FromDouble(read_real(type.kind, from)));
    case Kind::string:
      return text(from);
    case Kind::bytes:
      return bytes(from, views);
    case Kind::buffer: {
      Buffer shared;
      from.buffer(shared);
      return make_region(std::move(shared), true);
    }
    case Kind::enumeration:
      return enumerator(type, from);
    case Kind::optional:
      return from.boolean() ? value(type.of[0], from, views) : py::none();
    case Kind::map:
      return map(type, from, views);
    case Kind::list:
    case Kind::array:
    case Kind::tuple:
      return elements(type, from, views);
    case Kind::aggregate: {
      skip_versions(from);
      const std::uint8_t* outer = from.enter(from.u32());
      py::object out = fields(type, from, views, "Record");
      from.leave(outer);
      return out;
    }
    default:
      return integer(type.kind, from);
  }
}

py::object Reader::text(Decoder& from) const {
  std::string out;
  from.string(out);
  return steal(PyUnicode_DecodeUTF8(out.data(), static_cast<Py_ssize_t>(out.size()), "surrogateescape"));
}

// A copy is made straight from the message, or from the daemon's memory.
py::object Reader::bytes(Decoder& from, bool views) const {
  if (!views) from.borrow_bytes();
  Bytes out;
  from.bytes(out);
  const std::string_view view = out.view();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is beside it, cast to what Python counts in
  if (!views) return steal(PyBytes_FromStringAndSize(view.data(), static_cast<Py_ssize_t>(view.size())));
  return make_view(out.region());
}

py::object Reader::enumerator(const SchemaType& type, Decoder& from) const {
  const std::uint64_t bits = read_integer(type.number, from);
  const auto found = std::find(type.values.begin(), type.values.end(), static_cast<std::int64_t>(bits));
  if (found != type.values.end()) return py::str(type.names[static_cast<std::size_t>(found - type.values.begin())]);
  if (type.number < Kind::i8) return steal(PyLong_FromUnsignedLongLong(bits));
  return steal(PyLong_FromLongLong(static_cast<long long>(bits)));
}

py::object Reader::elements(const SchemaType& type, Decoder& from, bool views) const {
  if (type.kind == Kind::tuple) {
    py::tuple out(type.of.size());
    for (std::size_t i = 0; i < type.of.size(); ++i) out[i] = value(type.of[i], from, views);
    return out;
  }
  const SchemaType& element = type.of[0];
  std::size_t count = type.count;
  if (type.kind == Kind::list) {
    count = from.count(element.least);
  } else if (count > from.remaining() / element.least) {
    from.fail("ends in the middle of a value");
  }
  if (!from.ok()) return py::none();
  py::list out(count);  // no more than the message can hold
  for (std::size_t i = 0; i < count; ++i) {
    PyList_SET_ITEM(out.ptr(), static_cast<Py_ssize_t>(i), value(element, from, views).release().ptr());
  }
  return out;
}

py::object Reader::map(const SchemaType& type, Decoder& from, bool views) const {
  py::list pairs;
  py::dict out;
  bool hashable = true;
  const std::size_t count = from.count(type.of[0].least + type.of[1].least);
  for (std::size_t i = 0; i < count && from.ok(); ++i) {
    py::object key = value(type.of[0], from, views);
    py::object content = value(type.of[1], from, views);
    hashable = hashable && PyObject_Hash(key.ptr()) != -1;
    if (hashable) {
      out[key] = content;
    } else if (PyErr_Occurred()) {
      if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw py::error_already_set();
      PyErr_Clear();
      pairs = py::reinterpret_steal<py::list>(steal(PyDict_Items(out.ptr())).release());
      pairs.append(py::make_tuple(key, content));
    } else {
      pairs.append(py::make_tuple(key, content));
    }
  }
  if (hashable) return out;
  return pairs;
}

// What the sender did not have is None.
py::object Reader::fields(const SchemaType& type, Decoder& from, bool views, const std::string& name) const {
  const RecordClass& known = record(type, name);
  auto* python_type = reinterpret_cast<PyTypeObject*>(known.type.ptr());
  py::object out = steal(python_type->tp_alloc(python_type, 0));
  for (std::size_t i = 0; i < type.of.size(); ++i) {
    py::object content = py::none();
    if (from.remaining() != 0) {
      content = value(type.of[i], from, views);
      if (!from.ok()) from.blame(type.names[i]);
    }
    // Not through the class' own __setattr__, which refuses.
    if (PyObject_GenericSetAttr(out.ptr(), known.names[i], content.ptr()) != 0) throw py::error_already_set();
  }
  return out;
}

const Reader::RecordClass& Reader::record(const SchemaType& type, const std::string& name) const {
  const auto found = records_.find(&type);
  if (found != records_.end()) return found->second;
  RecordClass made;
  py::tuple fields(type.names.size());
  for (std::size_t i = 0; i < type.names.size(); ++i) {
    fields[i] = py::str(type.names[i]);
    PyObject* interned = PyUnicode_InternFromString(type.names[i].c_str());
    if (!interned) throw py::error_already_set();
    made.names.push_back(interned);
  }
  made.type = record_class(name, fields);
  return records_.emplace(&type, std::move(made)).first->second;
}

}  // namespace chi::python

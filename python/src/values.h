// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Python's values to messages and back, by the schema that every method brings along. With the GIL only.
//
// | schema | in | out |
// |---|---|---|
// | integers, f32, f64 | what has __index__, __float__ | int, float |
// | bool | bool; numpy.bool_ and others that are one truth value in memory | bool |
// | string | str; lone surrogates stand for bytes that are not UTF-8, as in file names | str |
// | bytes | anything with a contiguous buffer, but not of objects or pointers | bytes; with views a read-only
// memoryview, without a copy | | buffer | a chimaera.Buffer or a view of one | chimaera.Buffer | | enum | a value's
// name, or an int | its name; an int where it has none | | optional | None or the value | the same | | list, array | a
// sequence or iterable; of numbers also a contiguous array of just that type | list | | tuple | a sequence | tuple | |
// map | a mapping, or pairs | dict; a list of pairs where a key cannot be hashed | | aggregate | a mapping, or an
// object with the fields as attributes | chimaera.Record |
#pragma once

#include <chimaera/decoder.h>
#include <chimaera/encoder.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/schema_type.h"

namespace chi::python {

namespace py = pybind11;

// The buffers of Python objects that a message refers to; they are let go at the end.
class Exports {
 public:
  Exports() = default;
  Exports(const Exports&) = delete;
  Exports& operator=(const Exports&) = delete;
  ~Exports();

  // Valid until the next one is added, with format and shape; null where the memory is not contiguous. Throws what the
  // object raises instead, as for elements that have no format.
  const Py_buffer* add(py::handle object);

 private:
  std::vector<Py_buffer> views_;
};

// Whether elements, or parts of them, are objects or pointers of this process.
bool holds_addresses(const Py_buffer& view);

// Appends the message of `type` (an aggregate) with the fields in `arguments`, in order, and `named`. Fields at the end
// may be left out, and are then not in the message: its reader has their defaults. Raises TypeError for fields that
// there are not, are missing or of another type, ValueError for what is out of range; both say which field. The field
// number `needed` must be there. `exports` must live until the message was sent.
inline constexpr std::size_t kNone = ~std::size_t{0};
void write_request(const SchemaType& type, const py::tuple& arguments, const py::dict& named, Encoder& to,
                   Exports& exports, std::size_t needed = kNone);

// Makes the objects of one method's replies.
class Reader {
 public:
  // `name`: of the class of the outermost record. `type` must outlive this.
  Reader(const SchemaType& type, std::string name) : type_(type), name_(std::move(name)) {}

  // Throws Failed for a message that is not what the schema says.
  py::object read(const chi_message& message, bool views) const;

 private:
  struct RecordClass {
    py::handle type;  // lives for ever, as the names do
    std::vector<PyObject*> names;
  };

  py::object value(const SchemaType& type, Decoder& from, bool views) const;
  py::object text(Decoder& from) const;
  py::object bytes(Decoder& from, bool views) const;
  py::object enumerator(const SchemaType& type, Decoder& from) const;
  py::object elements(const SchemaType& type, Decoder& from, bool views) const;
  py::object map(const SchemaType& type, Decoder& from, bool views) const;
  py::object fields(const SchemaType& type, Decoder& from, bool views, const std::string& name) const;
  const RecordClass& record(const SchemaType& type, const std::string& name) const;

  const SchemaType& type_;
  const std::string name_;
  mutable std::unordered_map<const SchemaType*, RecordClass> records_;
};

}  // namespace chi::python

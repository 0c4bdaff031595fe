# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Replies as objects: their fields are attributes, and do not change."""


class Record:
    """What a method replies, or a part of it. Compare, print, pickle it; asdict() makes a dict."""
    __slots__ = ()

    def __init__(self, **fields):
        given = set(fields)
        if given != set(self.__slots__):
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(self.__slots__) or '(none)'}")
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name, value):
        raise AttributeError(f"cannot set '{name}': a reply does not change")

    def __delattr__(self, name):
        raise AttributeError(f"cannot delete '{name}': a reply does not change")

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in _items(self))})"

    def __eq__(self, other):
        if not isinstance(other, Record):
            return NotImplemented
        return self.__slots__ == other.__slots__ and _values(self) == _values(other)

    def __hash__(self):
        return hash((self.__slots__, tuple(_values(self))))

    def __reduce__(self):
        return _restore, (type(self).__name__, self.__slots__, _values(self))


def asdict(record):
    """The record's fields as a dict, those of records within it, too."""
    return {name: _plain(value) for name, value in _items(record)}


def _items(record):
    return [(name, getattr(record, name)) for name in record.__slots__]


def _values(record):
    return [getattr(record, name) for name in record.__slots__]


def _plain(value):
    if isinstance(value, Record):
        return asdict(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {_plain(k) if isinstance(k, tuple) else k: _plain(v) for k, v in value.items()}
    return value


_classes = {}


def make_class(name, fields):
    """The class of records with these fields; the same one each time."""
    made = _classes.get((name, fields))
    if made is None:
        made = _classes[name, fields] = type(name, (Record,), {"__slots__": fields, "__module__": "chimaera"})
    return made


def _restore(name, fields, values):
    return make_class(name, fields)(**dict(zip(fields, values)))

# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""What a method's schema says, in the forms that Python's own tools read."""
import inspect
import keyword

from . import _core


class _Default:
    """Stands for the default that the method's own reader has."""

    def __repr__(self):
        return "..."


_DEFAULT = _Default()


def signature(fields):
    """The inspect.Signature of a method; `fields` are (name, type as text, whether it must be given)."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = []
    for name, text, needed in fields:
        if keyword.iskeyword(name):
            continue  # no signature can show it; it is passed as **{"from": ...}
        if needed and parameters and parameters[-1].default is not inspect.Parameter.empty:
            kind = inspect.Parameter.KEYWORD_ONLY
        default = inspect.Parameter.empty if needed else _DEFAULT
        parameters.append(inspect.Parameter(name, kind, default=default, annotation=text))
    return inspect.Signature(parameters)


def describe(name, fields, write, reply_schema):
    """A method's docstring."""
    return f"{name}{signature(fields)}\n\n{'Changes the state.' if write else 'Only reads.'}\nReply: {reply_schema}"


_core.Method.__signature__ = property(lambda self: signature(self.fields))
_core.Method.__doc__ = property(lambda self: describe(self.name, self.fields, self.write, self.reply_schema))
_core.Method.__repr__ = lambda self: f"<method {self.name}{signature(self.fields)} of pool '{self.pool}'>"

# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Errors of calls as exceptions: one class for each code."""


class Error(Exception):
    """A call, or a connection, that failed.

    code   its stable name, as in the documentation of C++: "not_found"
    text   what went wrong and what to do about it
    where  which part of which container or program found it; may be empty
    """
    code = "internal"

    def __init__(self, text="", where="", code=None):
        super().__init__(text, where)
        self.text = text
        self.where = where
        if code is not None and code != self.code:
            self.code = code

    def __str__(self):
        return f"{self.code}: {self.text}" + (f" (in {self.where})" if self.where else "")


class Cancelled(Error):
    code = "cancelled"


class InvalidArgument(Error):
    code = "invalid_argument"


class DeadlineExceeded(Error, TimeoutError):
    """Not finished in time; whether it took effect is unknown."""
    code = "deadline_exceeded"


class NotFound(Error):
    code = "not_found"


class AlreadyExists(Error):
    code = "already_exists"


class PermissionDenied(Error):
    code = "permission_denied"


class ResourceExhausted(Error):
    code = "resource_exhausted"


class FailedPrecondition(Error):
    code = "failed_precondition"


class Aborted(Error):
    code = "aborted"


class Unavailable(Error):
    """The daemon cannot be reached now; retry."""
    code = "unavailable"


class Internal(Error):
    """A bug in a handler or in the runtime."""
    code = "internal"


class Unimplemented(Error):
    code = "unimplemented"


class DataLoss(Error):
    code = "data_loss"


class WrongOwner(Error):
    code = "wrong_owner"


class Stale(Error):
    code = "stale"


CLASSES = {each.code: each for each in Error.__subclasses__()}


def make(code, text, where):
    """The exception of an error; of a code that this version does not know, a plain Error."""
    return CLASSES.get(code, Error)(text, where, code)

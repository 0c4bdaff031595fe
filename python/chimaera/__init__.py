# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Calls to the pools of a Chimaera daemon.

    import chimaera
    c = chimaera.connect()
    inv = c.create_pool("inventory", module="kv", containers=4, if_absent=True)
    inv.put(key="apple", value=b"3")
    inv.get(key="apple").value

A pool's methods, their fields and types come from its module while the program runs.
"""
from . import _core
from ._core import Buffer, Future, Method, Query
from ._core import all, any, container, hash, leader, local, node, range, until_success  # noqa: the field's terms
from . import _errors, _records, _replies
from ._errors import (Aborted, AlreadyExists, Cancelled, DataLoss, DeadlineExceeded, Error, FailedPrecondition,
                      Internal, InvalidArgument, NotFound, PermissionDenied, ResourceExhausted, Stale, Unavailable,
                      Unimplemented, WrongOwner)
from ._records import Record, asdict
from ._replies import Replies, Reply

_core.set_helpers(_errors.make, _records.make_class, _replies.make)

from ._pool import Client, Pool, connect  # noqa: E402: they make calls

__version__ = _core.version
__all__ = [
    "Aborted", "AlreadyExists", "Buffer", "Cancelled", "Client", "DataLoss", "DeadlineExceeded", "Error",
    "FailedPrecondition", "Future", "Internal", "InvalidArgument", "Method", "NotFound", "PermissionDenied", "Pool",
    "Query", "Record", "Replies", "Reply", "ResourceExhausted", "Stale", "Unavailable", "Unimplemented", "WrongOwner",
    "asdict", "connect",
]

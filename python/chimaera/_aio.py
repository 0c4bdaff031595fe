# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Calls as futures of asyncio: an event loop hears of answers through a descriptor, and never waits for one."""
import asyncio
import itertools
import threading
import weakref

from . import _core

_gates = weakref.WeakKeyDictionary()  # by event loop
_gates_lock = threading.Lock()


class _Gate:
    """Through which answers come into one event loop. Belongs to the loop's thread."""

    def __init__(self, loop):
        self._mailbox = _core.Mailbox()
        self._tokens = itertools.count()
        self._waiting = {}
        loop.add_reader(self._mailbox.fileno(), self._drain)

    def call(self, loop, method, arguments, named):
        token = next(self._tokens)
        call = method.post(self._mailbox, token, arguments, named)
        future = loop.create_future()
        future.add_done_callback(lambda done: self._ended(done, token))
        self._waiting[token] = future, call
        return future

    def close(self):
        """The loop is closed: nobody can hear of what is under way."""
        for _, call in self._waiting.values():
            call.cancel()

    def _ended(self, future, token):
        """Cancelled by its owner: then the daemon is told."""
        if future.cancelled():
            _, call = self._waiting.pop(token, (None, None))
            if call is not None:
                call.cancel()

    def _drain(self):
        for token in self._mailbox.take():
            future, call = self._waiting.pop(token, (None, None))
            if future is None or future.done():
                continue
            try:
                future.set_result(call.result(0))
            except Exception as error:  # whatever it is, it is the caller's
                future.set_exception(error)


def _gate_of(loop):
    with _gates_lock:
        gate = _gates.get(loop)
        if gate is None:
            for closed in [each for each in _gates if each.is_closed()]:
                _gates.pop(closed).close()  # whose waiting futures would keep it
            gate = _gates[loop] = _Gate(loop)
        return gate


class AioMethod:
    """A method whose calls give futures of the running event loop."""

    def __init__(self, core, method):
        self._core = core
        self._method = method

    def __call__(self, *arguments, **named):
        loop = asyncio.get_running_loop()
        return _gate_of(loop).call(loop, self._method, arguments, named)

    def __getattr__(self, name):
        return getattr(self._method, name)

# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Clients and pools."""
import atexit
import keyword
import weakref

from . import _core, _methods  # noqa: F401: the latter describes methods
from ._aio import AioMethod
from ._errors import Error, NotFound

_clients = weakref.WeakSet()


@atexit.register
def _at_exit():
    _core.prepare_exit()
    for client in list(_clients):
        client.close()


def connect(name="default", *, socket="", timeout=5.0, deadline=30.0, reconnect=True, user=""):
    """Connects to the daemon of this node with this name, or with the socket at this path.

    timeout   seconds that connecting may take, and asking for memory
    deadline  seconds of calls that set none
    user      name or number of the user whose daemon it is, where that is neither you nor root
    """
    return Client(_core.connect(name, str(socket), timeout, deadline, reconnect, str(user)))


class Client:
    """A connection to a daemon; any thread may use it. connect() makes it, close() or `with` ends it.

    When the daemon dies, calls that wait raise Unavailable, and the next call connects again.
    """

    def __init__(self, core):
        self._core = core
        _clients.add(self)

    def pool(self, name):
        """A handle of the pool. Never fails: an unknown name is the first call's NotFound."""
        return Pool(self._core, name)

    @property
    def admin(self):
        """The pool of the daemon itself: `c.admin.status()`, `c.admin.module_list()`."""
        return Pool(self._core, "admin")

    def pools(self):
        """Each pool's record: name, module, containers and so on."""
        return self.admin.pool_list().pools

    def create_pool(self, name, *, module, containers=1, mode=0o600, config=None, if_absent=False):
        """Makes a pool and gives its handle.

        mode       who may call, as chmod's bits: 4 reading, 2 changing methods
        config     the module's configuration, by field
        if_absent  a pool of this name, module and number of containers will do
        """
        encoded = self._core.encode_config(module, config) if config else b""
        self.admin.pool_create(name=name, module=module, containers=containers, mode=mode, if_absent=if_absent,
                               config=encoded)
        self._core.forget()
        return self.pool(name)

    def destroy_pool(self, name, *, deadline=None):
        """Destroys the pool with all that is in it, once the calls that run are over."""
        admin = self.admin if deadline is None else self.admin.with_deadline(deadline)
        admin.pool_destroy(name=name)
        self._core.forget()

    def allocate(self, size, *, wait=0.0):
        """A Buffer of memory that the daemon sees too, not zeroed: it travels without a copy.

        Raises ResourceExhausted when the session's limit is reached, at once or after so many seconds.
        """
        return self._core.allocate(size, wait)

    def flush(self):
        """Waits until all calls of this thread are over, those of fire_and_forget included."""
        self._core.flush()

    @property
    def closed(self):
        return self._core.closed

    def close(self):
        """Ends the connection. Asynchronous calls under way end with Unavailable; whether they took effect is
        unknown."""
        self._core.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Pool:
    """A handle of a pool: its module's methods are its attributes.

    Attributes and functions of the handle itself give a changed handle, and can be chained. Should a method have the
    name of one of them, pool["name"] is the method; one that is a keyword of Python is pool.del_ or pool["del"].
    """

    def __init__(self, core, name, options=None, mode=None):
        self._core = core
        self._name = name
        self._options = options or _core.Options()
        self._mode = mode

    @property
    def name(self):
        return self._name

    def on(self, query):
        """Which containers calls go to, instead of the method's own choice: all(), container(3), "range:0-3"."""
        return self._with(self._options.on(_core.parse_query(query) if isinstance(query, str) else query))

    def with_deadline(self, seconds):
        """Calls end after so many seconds, with DeadlineExceeded."""
        return self._with(self._options.with_deadline(seconds))

    def with_priority(self, priority):
        """"low_latency", or "high_throughput": to stand back behind others' calls."""
        if priority not in ("low_latency", "high_throughput"):
            raise ValueError(f"no priority '{priority}'; it is low_latency or high_throughput")
        return self._with(self._options.with_priority(priority == "high_throughput"))

    @property
    def views(self):
        """Replies have memoryviews of the memory in which bytes came, instead of copies."""
        return self._with(self._options.with_views())

    @property
    def fire_and_forget(self):
        """Calls have no answer; what fails is counted and logged by the daemon. Client.flush() waits for them."""
        return Pool(self._core, self._name, self._options.forgetting())

    @property
    def submit(self):
        """Calls give a Future at once."""
        return Pool(self._core, self._name, self._options, "submit")

    @property
    def aio(self):
        """Calls give an asyncio.Future of the running event loop: `await pool.aio.get(key="apple")`."""
        return Pool(self._core, self._name, self._options, "aio")

    def __getitem__(self, method):
        made = self._core_method(method)
        if self._mode == "submit":
            return made.submit
        return AioMethod(self._core, made) if self._mode == "aio" else made

    def __getattr__(self, method):
        if method.startswith("_"):
            raise AttributeError(method)
        try:
            made = self[method[:-1] if method.endswith("_") and keyword.iskeyword(method[:-1]) else method]
        except NotFound as error:
            if "no method" not in error.text:
                raise
            raise AttributeError(error.text) from None
        self.__dict__[method] = made  # the next time it is found at once
        return made

    def __dir__(self):
        try:
            return [*super().__dir__(), *self._core.methods(self._name)]
        except Error:
            return super().__dir__()

    def __repr__(self):
        return f"<chimaera.Pool '{self._name}'>"

    def _with(self, options):
        return Pool(self._core, self._name, options, self._mode)

    def _core_method(self, name):
        return _core.Method(self._core, self._name, name, self._options)

# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Whole programs: exits with calls under way, signals, forks, a daemon that dies, the package as pip installs it."""
import contextlib
import importlib.util
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import unittest

import chimaera
from daemon import TIMEOUT, WithDaemon

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGIN = """
import asyncio, os, signal, sys, threading, chimaera
client = chimaera.connect()
small = client.pool("small")
store = client.pool("store")
LONG = 3_600_000_000
"""


class Process(WithDaemon):
    def run_python(self, body, code=0, **options):
        script = BEGIN + textwrap.dedent(body)
        result = subprocess.run([sys.executable, "-X", "faulthandler", "-c", script], capture_output=True, text=True,
                                timeout=TIMEOUT, **options)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def quiet(self, body):
        """A program that ends well, and with nothing to say on stderr."""
        result = self.run_python(body)
        self.assertEqual(result.stderr, "")
        return result.stdout

    def test_exit_with_futures_in_flight(self):
        self.quiet("futures = [small.submit.nap(LONG) for _ in range(100)]")
        self.quiet("small.submit.nap(LONG); client = small = store = None")

    def test_exit_with_daemon_threads_in_calls(self):
        self.assertEqual(self.quiet("""
            entered = threading.Barrier(9)
            def work():
                entered.wait()
                small.nap(LONG)
            def busy():
                entered.wait()
                while True:
                    store.put("busy", b"x")
            for target in (work, busy) * 4:
                threading.Thread(target=target, daemon=True).start()
            entered.wait()
            for _ in range(100):
                small.md()
            print("done")
            """), "done\n")

    def test_exit_with_a_thread_that_waits_for_a_future(self):
        self.quiet("""
            future = small.submit.nap(LONG)
            threading.Thread(target=future.result, daemon=True).start()
            """)

    def test_exit_out_of_an_event_loop(self):
        self.quiet("""
            async def main():
                waiting = [small.aio.nap(LONG) for _ in range(50)]
                await small.aio.md()
            asyncio.run(main())
            """)
        self.run_python("""
            async def main():
                small.aio.nap(LONG)
                sys.exit(7)
            asyncio.run(main())
            """, code=7)

    def test_exit_with_views_and_buffers(self):
        self.quiet("""
            store.put("exit", bytes(100_000))
            view = store.views.get("exit").value
            buffer = memoryview(client.allocate(1000))
            """)

    def test_calls_after_the_end(self):
        self.assertEqual(self.quiet("""
            import atexit
            class Late:
                def __del__(self):
                    try:
                        store.put("late", b"")
                    except chimaera.FailedPrecondition:
                        print("refused")
            late = Late()
            """), "refused\n")

    def test_control_c_ends_a_wait(self):
        for call in ("small.nap(LONG)", "small.submit.nap(LONG).result()"):
            self.assertEqual(self.quiet(f"""
                def interrupt():
                    while not client.admin.pool_describe("small").containers[0].running:
                        pass
                    os.kill(os.getpid(), signal.SIGINT)
                threading.Thread(target=interrupt).start()
                small = small.on(chimaera.container(0))
                try:
                    {call}
                except KeyboardInterrupt:
                    print("interrupted")
                """), "interrupted\n")

    def test_ctrl_c_ends_each_wait(self):
        with contextlib.ExitStack() as stack:
            silent = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            path = str(self.folder / "silent")
            silent.bind(path)
            silent.listen()
            self.quiet(f"""
                import time
                def wait_in(what):
                    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
                    begin = time.monotonic()
                    try:
                        what()
                    except KeyboardInterrupt:
                        assert time.monotonic() - begin < 20
                    else:
                        assert False, "was not interrupted"
                    assert small.submit.md().result(10) is not None
                small.fire_and_forget.with_deadline(50).nap(30_000_000)
                wait_in(client.flush)
                wait_in(lambda: chimaera.connect(socket={path!r}, timeout=50))
                held = []
                try:
                    while True:
                        held.append(client.allocate(64 << 20))
                except chimaera.ResourceExhausted:
                    pass
                wait_in(lambda: client.allocate(64 << 20, wait=50))
                os._exit(0)  # not when the thread that connects has given up
                """)

    def test_close_by_another_thread_ends_each_wait(self):
        self.quiet("""
            import time
            def wait_in(prepare, what):
                client = chimaera.connect()
                prepare(client)
                threading.Timer(0.2, client.close).start()
                begin = time.monotonic()
                try:
                    what(client)
                except chimaera.FailedPrecondition as error:
                    assert "closed" in str(error), error
                else:
                    assert False, "was not ended"
                assert time.monotonic() - begin < 20
            def forget(client):
                client.pool("small").fire_and_forget.with_deadline(50).nap(30_000_000)
            def fill(client):
                try:
                    while True:
                        held.append(client.allocate(64 << 20))
                except chimaera.ResourceExhausted:
                    pass
            held = []
            wait_in(forget, lambda client: client.flush())
            wait_in(fill, lambda client: client.allocate(64 << 20, wait=50))
            wait_in(lambda client: None, lambda client: client.pool("small").with_deadline(50).nap(30_000_000))
            """)

    def test_a_forks_child_is_refused(self):
        self.assertEqual(self.quiet("""
            store.put("fork", b"1")
            future = store.submit.get("fork")
            buffer = client.allocate(1000)
            future.result()
            child = os.fork()
            if child == 0:
                try:
                    store.get("fork")
                except chimaera.FailedPrecondition as error:
                    assert "fork" in str(error)
                del buffer
                with chimaera.connect() as own:
                    assert own.pool("store").get("fork").value == b"1"
                sys.exit(3)
            _, status = os.waitpid(child, 0)
            for i in range(1000):
                store.put("fork", str(i).encode())
                assert store.get("fork").value == str(i).encode()
            assert store.submit.get("fork").result().value == b"999"
            print(os.waitstatus_to_exitcode(status))
            """), "3\n")


class Daemon(WithDaemon):
    @staticmethod
    def gone(pid):
        """Nobody may be there to collect a zombie."""
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    def test_a_daemon_that_dies_and_comes_back(self):
        future = self.small.submit.nap(3_600_000_000)
        pid = self.client.admin.status().pid
        os.kill(pid, signal.SIGKILL)
        with self.assertRaises(chimaera.Unavailable):
            future.result(TIMEOUT)
        with self.assertRaises(chimaera.Unavailable):
            self.store.get("a")
        while not self.gone(pid):
            pass
        self.run_program("start")
        pool = self.client.create_pool("store", module="kv", containers=2)
        pool.put("again", b"1")
        self.assertEqual(self.store.get("again").value, b"1")
        self.assertEqual(self.store.submit.get("again").result(TIMEOUT).value, b"1")


class Installed(WithDaemon):
    @unittest.skipUnless(importlib.util.find_spec("pip") and importlib.util.find_spec("setuptools"),
                         "python3-pip and python3-setuptools are not installed")
    def test_pip_installs_it_without_a_network(self):
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder) / "site"
            subprocess.run([sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-index", "--no-deps",
                            "--target", target, ROOT / "python"], check=True, timeout=110, capture_output=True)
            files = {path.name.split(".")[0] + path.suffix for path in (target / "chimaera").iterdir()}
            self.assertLessEqual({"__init__.py", "__init__.pyi", "py.typed", "_core.so"}, files)
            script = BEGIN + "store.put('pip', b'1'); print(chimaera.__file__, store.get('pip').value)"
            result = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(target)},
                                    check=True, timeout=TIMEOUT, capture_output=True, text=True)
            self.assertEqual(result.stdout, f"{target}/chimaera/__init__.py b'1'\n")


if __name__ == "__main__":
    unittest.main()

# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""A daemon of a test's own, with pools that are exported."""
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

DONE, FAILED, USAGE, NO_DAEMON = range(4)
PACKAGES = {"nbdinfo": "libnbd-bin", "nbdcopy": "libnbd-bin", "qemu-img": "qemu-utils", "fio": "fio",
            "mke2fs": "e2fsprogs", "e2fsck": "e2fsprogs"}


def tool(name):
    """The path of a program that is not ours."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    assert found, f"{name} is missing: install the package {PACKAGES[name]} (tools/setup test does)"
    return found


class Export:
    """`chimaera bdev export`, which runs; its errors are collected."""

    def __init__(self, test, pool, *options):
        self.path = test.folder / f"{pool}-{len(test.exports)}.sock"
        self.process = subprocess.Popen([test.program, "bdev", "export", pool, "--nbd", str(self.path), "--json",
                                         *options], env=test.environment, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        test.exports.append(self)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"no export: {self.process.stderr.read()}")
        self.said = json.loads(line)
        self.uri = self.said["uri"]
        self.errors = []
        self.changed = threading.Condition()
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        for line in self.process.stderr:
            with self.changed:
                self.errors.append(line)
                self.changed.notify_all()

    def wait_for_error(self, text):
        with self.changed:
            told = self.changed.wait_for(lambda: any(text in line for line in self.errors), 60)
            assert told, f"'{text}' was not told: {self.errors}"

    def end(self, with_signal=signal.SIGTERM):
        self.process.send_signal(with_signal)
        code = self.process.wait(60)
        self.listener.join()
        return code

    def destroy(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.listener.join()
        self.process.stderr.close()

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))


class ExportTest(unittest.TestCase):
    program = None  # set by whoever runs the tests

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        self.environment.pop("CHIMAERA_MODULE_PATH", None)
        self.exports = []
        self.expect(DONE, "start")

    def tearDown(self):
        for export in self.exports:
            export.destroy()
        self.run_program("stop", "--force")
        shutil.rmtree(self.folder)

    def run_program(self, *arguments):
        return subprocess.run([self.program, *arguments], env=self.environment, capture_output=True, text=True,
                              timeout=120)

    def expect(self, code, *arguments):
        result = self.run_program(*arguments)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def create(self, pool, *fields, containers=1):
        self.expect(DONE, "pool", "create", pool, "-m", "bdev", "-c", str(containers), *fields)

    def create_file(self, pool="disk", size="64M", *fields):
        self.create(pool, f"backend=file:{self.folder}/{pool}?size={size}", "disk=true", *fields)

    def run_tool(self, name, *arguments, code=0, **options):
        result = subprocess.run([tool(name), *map(str, arguments)], capture_output=True, text=True, timeout=240,
                                cwd=self.folder, **options)
        self.assertEqual(result.returncode, code, f"{name} {arguments}: {result.stdout}{result.stderr}")
        return result

    def daemon_pid(self):
        return json.loads(self.expect(DONE, "status", "--json").stdout)["pid"]

    def kill_daemon(self):
        """kill -9, and waits for its end."""
        pid = self.daemon_pid()
        descriptor = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        ended = select.select([descriptor], [], [], 60)[0]  # it is no child of this one
        os.close(descriptor)
        self.assertTrue(ended, "the daemon does not end")


def same_files(one, other):
    with open(one, "rb") as a, open(other, "rb") as b:
        while True:
            x, y = a.read(1 << 20), b.read(1 << 20)
            if x != y:
                return False
            if not x:
                return True

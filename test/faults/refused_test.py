#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Kernels that refuse a system call, as filters in containers do, and limits of address space: an error that names the
call and the kernel's reason, at once, and nothing left behind.

  refused_test.py PROGRAM [unittest arguments]
"""
import ctypes
import errno
import json
import os
import pathlib
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
DONE, FAILED, NO_DAEMON = 0, 1, 3
NUMBERS = {  # of x86-64
    "memfd_create": 319, "membarrier": 324, "eventfd": 290, "signalfd": 289, "io_uring_setup": 425, "socket": 41,
    "clone": 56, "clone3": 435, "madvise": 28, "accept": 288}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 0x00050000, 0x7fff0000
BPF_LOAD_WORD, BPF_JUMP_EQUAL, BPF_RETURN = 0x20, 0x15, 0x06


class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(Instruction))]


def refusing(calls, error):
    """For a child before it becomes the program: the kernel answers these calls with this errno."""
    code = [Instruction(BPF_LOAD_WORD, 0, 0, 0)]
    for i, call in enumerate(calls):
        code.append(Instruction(BPF_JUMP_EQUAL, len(calls) - i, 0, NUMBERS[call]))
    code += [Instruction(BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW), Instruction(BPF_RETURN, 0, 0, SECCOMP_RET_ERRNO | error)]
    instructions = (Instruction * len(code))(*code)
    program = Filter(len(code), instructions)
    libc = ctypes.CDLL(None)

    def refuse():
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
                                                                     ctypes.byref(program), 0, 0):
            os._exit(77)
    return refuse


def limited(kib):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (kib << 10, kib << 10))


class Refused(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}

    def tearDown(self):
        self.run_program("stop", "--force")
        shutil.rmtree(self.folder)

    def run_program(self, *arguments, first=None):
        return subprocess.run([PROGRAM, *arguments], env=self.environment, capture_output=True, text=True, timeout=60,
                              preexec_fn=first)

    def error(self, result, code):
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return json.loads(result.stderr)["error"]

    def expect_named(self, result, exit_code, call, error):
        said = self.error(result, exit_code)
        self.assertIn(call, said["text"])
        self.assertIn(f"errno {error}", said["text"])
        self.assertIn("operations.md", said["text"])
        self.assertEqual(said["code"], "permission_denied" if error == errno.EPERM else "failed_precondition")

    @unittest.skipUnless(platform.machine() == "x86_64", "the numbers are another machine's")
    def test_a_daemon_names_what_it_is_refused(self):
        for error in (errno.EPERM, errno.ENOSYS):
            for call in ("memfd_create", "membarrier", "eventfd", "signalfd", "io_uring_setup", "clone"):
                with self.subTest(call=call, error=error):
                    calls = ("clone", "clone3") if call == "clone" else (call,)
                    if call == "clone":  # the process itself is cloned before there is any thread
                        result = self.run_program("start", "--foreground", "--json", first=refusing(calls, error))
                    else:
                        result = self.run_program("start", "--json", first=refusing(calls, error))
                    self.expect_named(result, FAILED, call, error)
                    self.assertEqual(self.run_program("status").returncode, NO_DAEMON, "one is left behind")

    @unittest.skipUnless(platform.machine() == "x86_64", "the numbers are another machine's")
    def test_a_client_names_what_it_is_refused(self):
        self.assertEqual(self.run_program("start").returncode, DONE)
        for error in (errno.EPERM, errno.ENOSYS):
            for call in ("membarrier", "madvise"):
                with self.subTest(call=call, error=error):
                    result = self.run_program("status", "--json", first=refusing((call,), error))
                    self.expect_named(result, NO_DAEMON, call, error)

    @unittest.skipUnless(platform.machine() == "x86_64", "the numbers are another machine's")
    def test_a_daemon_that_may_not_accept_says_so_in_its_log(self):
        self.run_program("start", first=refusing(("accept",), errno.EPERM))
        self.assertEqual(self.run_program("status").returncode, NO_DAEMON)
        log = (self.folder / "chimaera" / "default.log").read_text()
        self.assertIn("accept: Operation not permitted", log)
        self.assertLess(log.count("accept: "), 20, "one line a second is enough")

    def test_too_little_address_space(self):
        failures = 0
        for kib in range(20_000, 4_000_000, 10_000):
            result = self.run_program("start", "--json", first=limited(kib))
            if result.returncode == DONE:
                break
            if result.returncode == 127:  # not even its libraries fit
                continue
            said = self.error(result, FAILED)
            self.assertEqual(said["code"], "resource_exhausted", f"{kib} KiB: {said}")
            self.assertIn("ulimit -v", said["text"], f"{kib} KiB")
            failures += 1
        self.assertEqual(self.run_program("status").returncode, DONE)
        self.assertGreater(failures, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)

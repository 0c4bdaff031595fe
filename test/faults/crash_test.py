#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""A module that crashes takes its daemon along, and what it was is in the log and on stderr.

  crash_test.py PROGRAM MODULE_REPO [unittest arguments]
"""
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
REPO = os.path.abspath(sys.argv.pop(1))
TIMEOUT = 60


class CrashTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        self.environment.pop("CHIMAERA_MODULE_PATH", None)
        self.errors = self.folder / "stderr"
        self.log = self.folder / "crash.log"
        (self.folder / "config.yaml").write_text(f"log:\n  file: {self.log}\n")

    def run_program(self, *arguments, check=True):
        return subprocess.run([PROGRAM, *arguments], env=self.environment, check=check, timeout=TIMEOUT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def daemon(self):
        """In the foreground, so that its end and its stderr are seen."""
        with open(self.errors, "wb") as errors:
            daemon = subprocess.Popen(
                [PROGRAM, "start", "--foreground", "--config", str(self.folder / "config.yaml"), "--module-path", REPO],
                env=self.environment, stdout=subprocess.DEVNULL, stderr=errors,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        deadline = time.monotonic() + TIMEOUT
        while self.run_program("status", check=False).returncode != 0:
            self.assertIsNone(daemon.poll(), self.errors.read_text())
            self.assertLess(time.monotonic(), deadline)
        self.run_program("pool", "create", "victim", "-m", "crasher", "--containers", "2")
        return daemon

    def crash(self, method, how):
        daemon = self.daemon()
        self.run_program("call", "victim", method, f"how={how}", "--query", "container:1", check=False)
        code = daemon.wait(timeout=TIMEOUT)
        texts = [path.read_text() for path in (self.log, self.errors)]
        self.log.unlink()
        return -code, texts

    def check(self, method, how, number, *expected):
        with self.subTest(method=method, how=how):
            code, texts = self.crash(method, how)
            self.assertEqual(code, number)
            for text in texts:
                lines = [line for line in text.split("\n") if " crash: " in line]
                self.assertIn(f"signal {int(number)} ({signal.Signals(number).name}, ", lines[0])
                self.assertIn(f"in container victim/1, method {method}, worker ", lines[1])
                self.assertIn("module crasher 1.2.3, build ", lines[2])
                self.assertIn("libcrasher.so'", lines[2])
                build = re.search(r"build ([0-9a-f]{16})", lines[2])[1]
                frames = [line for line in lines if re.search(r"crash: #\d+ .*\+0x[0-9a-f]+$", line)]
                self.assertTrue(any(f"memfd:chi-crasher-{build}" in frame for frame in frames), text)
                for each in expected:
                    self.assertIn(each, lines[0])
                self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 error ")

    def test_each_way_leaves_a_trace(self):
        self.check("crash", "segv", signal.SIGSEGV, "at address 0x1230")
        self.check("crash", "ill", signal.SIGILL)
        self.check("crash", "fpe", signal.SIGFPE)
        self.check("crash", "bus", signal.SIGBUS)
        self.check("crash", "abort", signal.SIGABRT)
        self.check("crash", "throw", signal.SIGABRT, "uncaught exception std::runtime_error: the disk is on fire")

    def test_a_stack_that_overflows_does_too(self):
        self.check("crash", "stack", signal.SIGSEGV)

    def test_a_coroutine_that_went_on_is_known_by_its_method(self):
        self.check("crash_later", "segv", signal.SIGSEGV, "at address 0x1230")

    def test_a_signal_from_outside_says_who_sent_it(self):
        daemon = self.daemon()
        os.kill(daemon.pid, signal.SIGABRT)
        self.assertEqual(daemon.wait(timeout=TIMEOUT), -signal.SIGABRT)
        self.assertIn(f"sent by process {os.getpid()}", self.log.read_text())


if __name__ == "__main__":
    unittest.main()

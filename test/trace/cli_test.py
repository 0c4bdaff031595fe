#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""`chimaera trace` and `chimaera top` with a real daemon, and for top with a terminal.

  cli_test.py PROGRAM [unittest arguments]
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
DONE, FAILED, USAGE, NO_DAEMON = range(4)
TIMEOUT = 60


def interruptible():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # where this runs in the background it may be ignored


class DaemonTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder), "TERM": "xterm"}
        self.environment.pop("CHIMAERA_MODULE_PATH", None)
        config = self.folder / "config.yaml"
        config.write_text("runtime: {workers: 2, max_workers: 4}\n")
        self.expect(DONE, "start", "--config", str(config))
        self.expect(DONE, "pool", "create", "small", "--module", "small_message", "--containers", "4")

    def tearDown(self):
        self.run_program("stop", "--force")
        shutil.rmtree(self.folder)

    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], env=self.environment, capture_output=True, text=True,
                              timeout=TIMEOUT, cwd=self.folder)

    def expect(self, code, *arguments):
        result = self.run_program(*arguments)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def call(self, *arguments):
        self.expect(DONE, "call", "small", *arguments)


class Trace(DaemonTest):
    def test_a_nap_in_the_file(self):
        self.assertIn("tracing", self.expect(DONE, "trace", "start").stdout)
        self.call("nap", "microseconds=2000", "--query", "container:2")
        self.call("null", "--query", "container:1")
        said = self.expect(DONE, "trace", "stop").stdout
        self.assertIn("chimaera-trace.json", said)
        self.assertIn("ui.perfetto.dev", said)
        file = self.folder / "chimaera-trace.json"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        trace = json.loads(file.read_text())
        self.assertEqual(trace["otherData"]["lost"], 0)
        threads = {each["args"]["name"] for each in trace["traceEvents"] if each["name"] == "thread_name"}
        self.assertEqual(threads, {"worker 0", "worker 1"})
        nap = self.spans(trace, "nap", "small/2")
        self.assertEqual(nap[0][0], "queue")
        self.assertEqual(nap[1][0], "run")
        self.assertEqual(nap[2][0], "await")
        self.assertIn("run", [kind for kind, _, _ in nap[3:]])
        self.assertEqual([kind for kind, _, _ in nap].count("reply"), 1)
        runs = [begin for kind, begin, _ in nap if kind == "run"]
        self.assertGreaterEqual(runs[-1] - runs[0], 1900, "the nap begins within the first step, however long that is")
        null = self.spans(trace, "null", "small/1")
        self.assertEqual([kind for kind, _, _ in null], ["queue", "run", "reply"])
        for (_, _, end), (_, begin, _) in zip(null, null[1:]):
            self.assertAlmostEqual(end, begin, places=3)

    # (category, begin, end) of a method's spans on a container, in their order, microseconds.
    def spans(self, trace, method, container):
        out, open_spans = [], {}
        for event in trace["traceEvents"]:
            if event["ph"] == "e":
                if event["id"] in open_spans:
                    kind, begin = open_spans.pop(event["id"])
                    out.append((kind, begin, event["ts"]))
                continue
            names = event.get("args", {})
            if (names.get("method"), names.get("container")) != (method, container):
                continue
            self.assertGreater(names["sequence"], 0)
            self.assertIn(names["worker"], (0, 1))
            if event["ph"] == "b":
                open_spans[event["id"]] = (event["cat"], event["ts"])
            else:
                out.append((event["cat"], event["ts"], event["ts"] + event["dur"]))
        self.assertEqual(open_spans, {})
        order = ["queue", "await", "run", "reply"]
        return sorted(out, key=lambda span: (span[1], order.index(span[0])))

    def test_what_is_wrong_is_said(self):
        self.assertIn("nothing is traced", self.expect(FAILED, "trace", "stop").stderr)
        self.expect(USAGE, "trace", "start", "--records", "0")
        self.assertIn("1 GiB", self.expect(FAILED, "trace", "start", "--records", "999999999").stderr)
        self.expect(DONE, "trace", "start", "--records", "10", "--json")
        self.assertIn("goes on already", self.expect(FAILED, "trace", "start").stderr)
        self.expect(FAILED, "trace", "stop", "-o", str(self.folder / "nowhere" / "file.json"))
        self.expect(FAILED, "trace", "stop", "-o", "/dev/null")
        for _ in range(15):
            self.call("null", "--query", "container:0")
        said = json.loads(self.expect(DONE, "trace", "stop", "-o", "mine.json", "--json").stdout)
        self.assertEqual(said["file"], "mine.json")
        self.assertGreater(said["lost"], 0)
        trace = json.loads((self.folder / "mine.json").read_text())
        self.assertEqual(trace["otherData"]["lost"], said["lost"])
        self.assertIn("older records lost", json.dumps(trace["traceEvents"][:8]))
        self.assertEqual(sorted(self.folder.glob("*.json*")), [self.folder / "mine.json"])
        self.expect(NO_DAEMON, "trace", "start", "--name", "nobody")


    def test_a_trace_goes_to_stdout(self):
        self.expect(DONE, "trace", "start")
        self.call("null", "--query", "container:1")
        result = self.expect(DONE, "trace", "stop", "-o", "-")
        trace = json.loads(result.stdout)
        self.assertEqual([kind for kind, _, _ in self.spans(trace, "null", "small/1")].count("run"), 1)
        self.assertIn("stdout", result.stderr)
        self.assertEqual(list(self.folder.glob("*-*")), [])

    def test_a_signal_leaves_no_file_and_the_trace_with_the_daemon(self):
        self.expect(DONE, "trace", "start")
        self.call("nap", "microseconds=10", "--query", "container:2")
        daemon = json.loads(self.expect(DONE, "status", "--json").stdout)["pid"]
        for end in (signal.SIGINT, signal.SIGTERM):
            os.kill(daemon, signal.SIGSTOP)  # so that it waits, with its file begun
            try:
                stop = subprocess.Popen([PROGRAM, "trace", "stop", "-o", "cut.json"], env=self.environment,
                                        cwd=self.folder, preexec_fn=interruptible)
                self.until(lambda: list(self.folder.glob("cut.json*")))
                stop.send_signal(end)
                self.assertEqual(stop.wait(TIMEOUT), -end)
            finally:
                os.kill(daemon, signal.SIGCONT)
            self.assertEqual(list(self.folder.glob("cut.json*")), [])
        self.expect(DONE, "trace", "stop", "-o", "cut.json")
        self.assertNotEqual(self.spans(json.loads((self.folder / "cut.json").read_text()), "nap", "small/2"), [])

    def until(self, is_so):
        end = time.monotonic() + TIMEOUT
        while not is_so():
            self.assertLess(time.monotonic(), end)


class Top(DaemonTest):
    def test_one_picture(self):
        self.call("spin", "microseconds=50000")
        said = self.expect(DONE, "top", "--once", "--interval", "50ms").stdout
        self.assertNotIn("\x1b", said)
        for heading in ("WORKER", "LANE", "METHOD", "POOL"):
            self.assertRegex(said, f"(?m)^{heading} ")
        self.assertRegex(said, r"(?m)^small/\d ")
        self.assertRegex(said, r"(?m)^small_message spin ")
        self.assertEqual(self.expect(DONE, "top", "--interval", "50ms").stdout.count("WORKER"), 1, "no terminal")
        self.expect(USAGE, "top", "--interval", "1ms")
        self.expect(NO_DAEMON, "top", "--name", "nobody")

    def test_rates_of_a_known_load(self):
        top = subprocess.Popen([PROGRAM, "top", "--json", "--interval", "3s"], env=self.environment, text=True,
                               stdout=subprocess.PIPE)
        called = 0
        while top.poll() is None:
            self.call("spin", "microseconds=2000", "--query", "container:3")
            called += 1
        frame = json.loads(top.communicate()[0])
        lane = next(each for each in frame["lanes"] if each["lane"] == "small/3")
        busy = lane["tasks_per_second"] * 0.2
        self.assertGreater(lane["tasks_per_second"], 0)
        self.assertLessEqual(lane["tasks_per_second"] * frame["seconds"], called + 1)
        self.assertGreater(lane["handler_percent"], busy * 0.8)
        method = next(each for each in frame["methods"] if each["method"] == "spin")
        self.assertAlmostEqual(method["tasks_per_second"], lane["tasks_per_second"], delta=2)
        self.assertGreaterEqual(method["p99_ns"], method["p50_ns"])
        self.assertGreaterEqual(method["p50_ns"], 1e6)
        workers = sum(each["busy_percent"] for each in frame["workers"])
        self.assertGreater(workers, busy * 0.5, "but for what was left to a thread of its own, being interrupted")
        pool = next(each for each in frame["pools"] if each["pool"] == "small")
        self.assertAlmostEqual(pool["tasks_per_second"], lane["tasks_per_second"], delta=2)

    def test_the_terminal(self):
        terminal = Terminal(self, rows=30, columns=100)
        terminal.until(lambda seen: b"LANE" in seen and b"POOL" in seen)
        self.assertIn(b"\x1b[?1049h", terminal.seen)
        terminal.forget()
        terminal.until(lambda seen: seen.count(b"\x1b[H") >= 2)
        self.assertLessEqual(terminal.lines(), 30)
        terminal.resize(12, 40)
        terminal.forget()
        terminal.until(lambda seen: seen.count(b"\x1b[H") >= 2 and terminal.lines() <= 12 and terminal.width() <= 40)
        self.assertIn(b"WORKER", terminal.picture())
        terminal.write(b"x")
        terminal.write(b"q")
        terminal.ends(DONE)

    def test_it_leaves_the_terminal_as_it_was(self):
        def interrupt(terminal):
            terminal.write(b"\x03")

        def terminate(terminal):
            terminal.program.send_signal(signal.SIGTERM)

        for end in (interrupt, terminate):
            terminal = Terminal(self, rows=24, columns=80)
            terminal.until(lambda seen: b"WORKER" in seen)
            end(terminal)
            terminal.ends(DONE)

    def test_the_daemon_ends_meanwhile(self):
        terminal = Terminal(self, rows=24, columns=80)
        terminal.until(lambda seen: b"WORKER" in seen)
        self.expect(DONE, "stop", "--force")
        terminal.ends(NO_DAEMON)
        self.assertIn(b"error: ", terminal.seen[terminal.seen.index(b"\x1b[?1049l"):])


class Terminal:
    """`chimaera top` on a terminal of its own."""

    def __init__(self, test, rows, columns):
        self.test = test
        self.seen = b""
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        slave = self.slave
        self.program = subprocess.Popen([PROGRAM, "top", "--interval", "50ms"], env=test.environment, stdin=slave,
                                        stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0))
        test.addCleanup(self.close)

    def close(self):
        self.program.kill()
        self.program.wait()
        os.close(self.master)
        os.close(self.slave)

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def write(self, keys):
        os.write(self.master, keys)

    def read(self):
        if select.select([self.master], [], [], 0.1)[0]:
            self.seen += os.read(self.master, 65536)

    def until(self, is_so):
        end = time.monotonic() + TIMEOUT
        while not is_so(self.seen):
            self.test.assertLess(time.monotonic(), end, self.seen)
            self.read()

    def forget(self):
        self.seen = b""

    # Of the last whole picture.
    def picture(self):
        whole = self.seen[:self.seen.rindex(b"\x1b[H")]
        return re.sub(rb"\x1b\[[?\d]*[A-Za-z]|\r", b"", whole[whole.rindex(b"\x1b[H"):])

    def lines(self):
        return len(self.picture().split(b"\n"))

    def width(self):
        return max(len(line) for line in self.picture().decode().split("\n"))

    def ends(self, code):
        end = time.monotonic() + TIMEOUT
        while self.program.poll() is None:
            self.test.assertLess(time.monotonic(), end, "it goes on")
            self.read()
        self.read()
        self.test.assertEqual(self.program.returncode, code, self.seen)
        self.test.assertIn(b"\x1b[?1049l", self.seen)
        self.test.assertIn(b"\x1b[?25h", self.seen)
        self.test.assertEqual(termios.tcgetattr(self.slave), self.before)


if __name__ == "__main__":
    unittest.main(verbosity=2)

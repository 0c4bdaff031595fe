#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""`chimaera worch record` of real daemons: what was called is in the file, and `worch simulate` plays it.

  record_test.py PROGRAM [unittest arguments]
"""
import collections
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
DONE, FAILED, USAGE, NO_DAEMON = range(4)
TIMEOUT = 60


class RecordTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        self.environment.pop("CHIMAERA_MODULE_PATH", None)
        config = self.folder / "config.yaml"
        config.write_text("runtime: {workers: 2, max_workers: 2}\n")
        self.expect(DONE, "start", "--config", str(config))
        for name in ("small", "other"):
            self.expect(DONE, "pool", "create", name, "--module", "small_message", "--containers", "4")

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

    def json(self, *arguments):
        return json.loads(self.expect(DONE, *arguments, "--json").stdout)

    def spin(self, pool, container, microseconds, times=1):
        for _ in range(times):
            self.expect(DONE, "call", pool, "spin", f"microseconds={microseconds}", "--query", f"container:{container}")

    # Since the start; counters are written behind the reply.
    def await_completed(self, pool, number):
        end = time.monotonic() + TIMEOUT
        while sum(each["completed"] for each in self.json("pool", "describe", pool)["containers"]) < number:
            self.assertLess(time.monotonic(), end, "tasks do not end")

    # One that has begun.
    def record(self, *arguments, stderr=subprocess.PIPE):
        program = subprocess.Popen([PROGRAM, "worch", "record", *arguments], env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=stderr, cwd=self.folder)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        if stderr == subprocess.PIPE:
            self.assertIn("recording daemon 'default'", program.stderr.readline())
        return program

    def ends(self, program, code):
        out, err = program.communicate(timeout=TIMEOUT)
        self.assertEqual(program.returncode, code, err)
        return out, err

    # Lines of numbers, and the lanes' names by number.
    def read(self, name):
        lines = (self.folder / name).read_text().splitlines()
        self.assertEqual(lines[0], "time_ms,lane,tasks,handler_us")
        rows = [tuple(map(int, line.split(","))) for line in lines[1:] if not line.startswith("#")]
        comments = [line.removeprefix("# lane ").split(": ") for line in lines if line.startswith("#")]
        return rows, {int(number): lane for number, lane in comments}

    # Tasks and microseconds by the lanes' names.
    def sums(self, name):
        rows, names = self.read(name)
        out = collections.defaultdict(lambda: [0, 0])
        for _, lane, tasks, us in rows:
            if tasks:
                out[names[lane]][0] += tasks
                out[names[lane]][1] += us
        return out

    def files(self):
        return sorted(each.name for each in self.folder.iterdir() if ".csv" in each.name)


class Counts(RecordTest):
    def test_what_was_called_is_there_and_is_played(self):
        self.spin("small", 0, 1000, times=3)
        self.await_completed("small", 3)
        recording = self.record("load.csv", "--seconds", "3600", "--json")
        self.spin("small", 2, 3000, times=7)
        self.spin("other", 1, 1000, times=5)
        self.spin("small", 0, 2000, times=2)
        self.await_completed("small", 12)
        self.await_completed("other", 5)
        recording.send_signal(signal.SIGINT)
        said = json.loads(self.ends(recording, DONE)[0])
        self.assertEqual((said["file"], said["tasks"], said["lanes"], said["interval_ms"]), ("load.csv", 14, 3, 100))
        sums = self.sums("load.csv")
        self.assertEqual({lane: tasks for lane, (tasks, _) in sums.items()}, {"small/2": 7, "other/1": 5, "small/0": 2})
        for lane, us in (("small/2", 7 * 3000), ("other/1", 5 * 1000), ("small/0", 2 * 2000)):
            self.assertGreaterEqual(sums[lane][1], us * 0.98, lane)
        self.assertEqual((self.folder / "load.csv").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.files(), ["load.csv"])

        played = self.json("worch", "simulate", "--load", "load.csv", "--workers", "2")
        self.assertEqual(played["lanes"], 3)
        self.assertAlmostEqual(played["seconds"], said["seconds"], places=6)
        for policy in played["policies"]:
            self.assertEqual(policy["refused"], 0)
            self.assertEqual(policy["begun"] + policy["queued"], 14)
            self.assertGreater(policy["begun"], 0)

    def test_it_lasts_as_long_as_it_was_told(self):
        recording = self.record("load.csv", "--seconds", "1", "--interval", "50")
        called = 0
        while recording.poll() is None:
            self.spin("small", 1, 100)
            called += 1
        out, _ = self.ends(recording, DONE)
        self.assertIn("recorded 1.0 s: ", out)
        rows, names = self.read("load.csv")
        self.assertEqual(sorted({row[0] for row in rows}), list(range(0, 1000, 50)))
        self.assertEqual(names, {0: "small/1"})
        self.assertLessEqual(sum(row[2] for row in rows), called + 1)
        self.assertEqual(self.json("worch", "simulate", "--load", "load.csv")["seconds"], 1.0)

    def test_a_lane_of_a_policy_or_of_administration_is_none(self):
        recording = self.record("load.csv", "--seconds", "3600")
        self.expect(DONE, "worch", "set", "queue", "round_robin")
        self.expect(DONE, "worch", "run")
        self.spin("small", 1, 100)
        self.await_completed("small", 1)
        recording.send_signal(signal.SIGTERM)
        self.ends(recording, DONE)
        self.assertEqual(dict(self.sums("load.csv")).keys(), {"small/1"})


class Endings(RecordTest):
    def test_the_daemon_ends_meanwhile(self):
        recording = self.record("load.csv", "--seconds", "3600", "--interval", "10")
        self.spin("small", 1, 100, times=3)
        self.await_completed("small", 3)
        before = self.lanes_read()
        self.eventually(lambda: self.lanes_read() >= before + 3)  # two of the recording's own at least
        self.expect(DONE, "stop")
        out, err = self.ends(recording, NO_DAEMON)
        self.assertIn("ends before its time", err)
        self.assertIn("error: unavailable: the daemon has ended", err)
        self.assertIn("3 tasks (lanes: 1) are in load.csv", out)
        self.assertEqual(self.sums("load.csv")["small/1"][0], 3)
        self.assertEqual(self.json("worch", "simulate", "--load", "load.csv")["lanes"], 1)

    # How often the counters of lanes were read.
    def lanes_read(self):
        methods = self.json("status", "--methods")["methods"]
        return sum(each["tasks"] for each in methods if (each["module"], each["method"]) == ("chimaera_admin", "lanes"))

    def eventually(self, is_so):
        end = time.monotonic() + TIMEOUT
        while not is_so():
            self.assertLess(time.monotonic(), end, "it did not come to that")

    def test_no_task_is_no_load(self):
        (self.folder / "load.csv").write_text("mine")
        recording = self.record("load.csv", "--seconds", "3600")
        recording.send_signal(signal.SIGINT)
        self.assertIn("no task ended", self.ends(recording, FAILED)[1])
        self.assertEqual((self.folder / "load.csv").read_text(), "mine")
        self.assertEqual(self.files(), ["load.csv"])

    def test_what_cannot_be_recorded(self):
        for words in ([], ["a.csv", "--seconds", "0"], ["a.csv", "--seconds", "3601"], ["a.csv", "--interval", "9"],
                      ["a.csv", "--seconds", "1", "--interval", "2000"], ["skewed"]):
            self.expect(USAGE, "worch", "record", *words)
        self.expect(FAILED, "worch", "record", "nowhere/a.csv")
        self.expect(FAILED, "worch", "record", "/dev/null")
        self.expect(NO_DAEMON, "worch", "record", "a.csv", "--name", "nobody")
        self.assertEqual(self.files(), [])

    def test_a_bar_on_a_terminal(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        recording = self.record("load.csv", "--seconds", "3600", stderr=slave)
        os.close(slave)
        self.read_until(master, b"\r\x1b[Krecording [------------------------------]   0 % 0 tasks")
        self.spin("small", 1, 100)
        self.read_until(master, b"0 % 1 tasks")
        recording.send_signal(signal.SIGINT)
        self.ends(recording, DONE)
        self.assertTrue(self.read_until(master, None).endswith(b"\r\x1b[K"))

    # None: until nobody has the terminal any more.
    def read_until(self, terminal, words):
        seen, end = b"", time.monotonic() + TIMEOUT
        while words is None or words not in seen:
            self.assertLess(time.monotonic(), end, seen)
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                self.assertIsNone(words, seen)
                break
        return seen


if __name__ == "__main__":
    unittest.main(verbosity=2)

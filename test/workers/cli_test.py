#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""`chimaera workers` with a real daemon, and what becomes of its threads when CPUs are taken from it.

  cli_test.py PROGRAM [unittest arguments]
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
DONE, FAILED, USAGE, NO_DAEMON = range(4)
TIMEOUT = 60
CGROUPS = pathlib.Path("/sys/fs/cgroup")


class WorkersTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        self.environment.pop("CHIMAERA_MODULE_PATH", None)
        self.config = self.folder / "config.yaml"

    def tearDown(self):
        self.run_program("stop", "--force")
        shutil.rmtree(self.folder)

    def run_program(self, *arguments, **options):
        return subprocess.run([PROGRAM, *arguments], env=self.environment, capture_output=True, text=True,
                              timeout=TIMEOUT, **options)

    def expect(self, code, *arguments):
        result = self.run_program(*arguments)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def start(self, runtime="workers: 2, max_workers: 4", worch="", **options):
        self.config.write_text(f"runtime: {{{runtime}}}\nworch: {{{worch}}}\n")
        result = self.run_program("start", "--config", str(self.config), "--json", **options)
        self.assertEqual(result.returncode, DONE, result.stderr)
        return json.loads(result.stdout)["pid"]

    def workers(self):
        return json.loads(self.expect(DONE, "workers", "list", "--json").stdout)

    def eventually(self, is_so):
        end = time.monotonic() + TIMEOUT
        while not is_so():
            self.assertLess(time.monotonic(), end, "it did not come to that")


class Load:
    """Calls from other processes, without a pause, until it is left; every one of them has to be answered."""
    CALLS = 20000  # of one process

    def __init__(self, test):
        self.test, self.rounds, self.problems, self.end = test, 0, [], threading.Event()
        self.thread = threading.Thread(target=self.call)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *problem):
        self.end.set()
        self.thread.join()

    def call(self):
        while not self.end.is_set():
            result = self.test.run_program("bench", "calls", "--name", "default", "--calls", str(self.CALLS))
            if result.returncode != DONE:
                self.problems.append(result.stderr)
            self.rounds += 1

    def goes_on(self):
        before = self.rounds
        self.test.eventually(lambda: self.rounds > before)

    def expect_all(self):
        """Each call was done, and only once."""
        self.test.assertEqual(self.problems, [])
        described = json.loads(self.test.expect(DONE, "pool", "describe", "bench-calls", "--json").stdout)
        self.test.assertEqual(sum(each["completed"] for each in described["containers"]), self.rounds * self.CALLS)


class Commands(WorkersTest):
    def test_more_and_fewer(self):
        self.start(worch="queue: worch_queue_round_robin")  # whose places do not follow from what was measured
        before = self.workers()
        self.assertEqual((before["active"], before["limit"]), (2, 4))
        reply = json.loads(self.expect(DONE, "workers", "set", "4", "--json").stdout)
        self.assertEqual(reply, {"active": 4, "limit": 4, "dedicated": False})
        self.expect(DONE, "pool", "create", "wide", "--module", "small_message", "--containers", "4")
        places = json.loads(self.expect(DONE, "pool", "describe", "wide", "--json").stdout)["containers"]
        self.assertEqual({each["worker"] for each in places}, {0, 1, 2, 3})
        self.expect(DONE, "pool", "destroy", "wide")
        self.assertIn("2 workers of at most 4", self.expect(DONE, "workers", "set", "2").stdout)
        after = self.workers()
        self.assertEqual([each["active"] for each in after["workers"]], [True, True, False, False])
        self.assertEqual(after["active"], 2)
        table = self.expect(DONE, "workers", "list").stdout
        self.assertIn("2 active of at most 4", table)
        self.assertRegex(table, r"(?m)^worker +active +dedicated +cpus +containers +tasks +queued +sleeps")

    def test_dedicated(self):
        self.start()
        self.assertIn("never sleep", self.expect(DONE, "workers", "set", "1", "--dedicated").stdout)
        self.assertEqual([each["dedicated"] for each in self.workers()["workers"]], [True, False])
        self.expect(DONE, "workers", "set", "2")
        self.assertEqual([each["dedicated"] for each in self.workers()["workers"]], [False, False])

    def test_what_cannot_be(self):
        self.start()
        for count in ("0", "5", "4000000000"):
            error = self.expect(FAILED, "workers", "set", count, "--dedicated").stderr
            self.assertIn("1 to 4 workers", error)
            self.assertIn("runtime.max_workers", error)
        for words in (["set"], ["set", "many"], ["set", "-1"], ["set", "2", "3"], [], ["frob"]):
            self.expect(USAGE, "workers", *words)
        self.assertEqual(self.workers()["active"], 2)
        self.assertFalse(any(each["dedicated"] for each in self.workers()["workers"]))

    def test_without_a_daemon(self):
        self.expect(NO_DAEMON, "workers", "list")
        self.expect(NO_DAEMON, "workers", "set", "1")

    def test_more_workers_than_there_can_be(self):
        self.config.write_text("runtime: {workers: 3, max_workers: 2}\n")
        self.assertIn("runtime.max_workers", self.expect(FAILED, "start", "--config", str(self.config)).stderr)


class Cpus(WorkersTest):
    def places(self):
        return [each["cpus"] for each in self.workers()["workers"]]

    def setUp(self):
        super().setUp()
        self.cpus = sorted(os.sched_getaffinity(0))

    def narrow_and_widen(self, threads_of):
        pid = self.start()
        self.expect(DONE, "workers", "set", "3")
        self.assertEqual(self.places(), [self.cpus] * 3)
        last = self.cpus[-1:]
        for thread in threads_of(pid):
            os.sched_setaffinity(thread, last)
        self.eventually(lambda: self.places() == [last] * 3)
        self.expect(DONE, "workers", "set", "4")
        self.assertEqual(self.places(), [last] * 4)
        for thread in threads_of(pid):
            os.sched_setaffinity(thread, self.cpus)
        self.eventually(lambda: self.places() == [self.cpus] * 4)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU only")
    def test_taken_from_the_process(self):
        self.narrow_and_widen(lambda pid: [pid])

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU only")
    def test_taken_from_all_its_threads(self):
        self.narrow_and_widen(lambda pid: [int(each.name) for each in pathlib.Path(f"/proc/{pid}/task").iterdir()])


class ControlGroups(WorkersTest):
    def make_group(self, controller):
        """Of either version; skips where none can be made."""
        self.unified = (CGROUPS / "cgroup.controllers").exists()
        parent = CGROUPS if self.unified else CGROUPS / controller
        if not (parent / "cgroup.procs").exists():
            self.skipTest("no control groups are mounted")
        self.group = parent / self.folder.name
        try:
            self.group.mkdir()
        except OSError as error:
            self.skipTest(f"no control group can be made: {error}")
        if not self.unified and controller == "cpuset":
            self.write("cpuset.mems", (parent / "cpuset.mems").read_text())

    def tearDown(self):
        super().tearDown()
        if hasattr(self, "group") and self.group.exists():
            self.eventually(lambda: not (self.group / "cgroup.procs").read_text())
            self.group.rmdir()

    def write(self, name, value):
        try:
            (self.group / name).write_text(value)
        except OSError as error:
            self.skipTest(f"{name} cannot be set: {error}")

    def enter(self):
        (self.group / "cgroup.procs").write_text(str(os.getpid()))

    def places(self):
        return [each["cpus"] for each in self.workers()["workers"]]

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU only")
    def test_a_cpu_is_taken_from_the_group(self):
        cpus = sorted(os.sched_getaffinity(0))
        self.make_group("cpuset")
        self.write("cpuset.cpus", ",".join(map(str, cpus)))
        self.start(preexec_fn=self.enter)
        self.assertEqual(self.places(), [cpus] * 2)
        self.write("cpuset.cpus", str(cpus[0]))
        self.eventually(lambda: self.places() == [cpus[:1]] * 2)
        self.write("cpuset.cpus", ",".join(map(str, cpus)))
        self.eventually(lambda: self.places() == [cpus] * 2)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU only")
    def test_a_cpu_is_taken_from_the_group_under_load(self):
        cpus = sorted(os.sched_getaffinity(0))
        everywhere = ",".join(map(str, cpus))
        self.make_group("cpuset")
        self.write("cpuset.cpus", everywhere)
        self.start(worch="proc: worch_proc_round_robin, period: 0", preexec_fn=self.enter)
        with Load(self) as load:
            load.goes_on()
            self.assertEqual(self.places(), [cpus[:1], cpus[1:2]])
            for left in (cpus[0], cpus[-1]):
                asked = self.policy()["rounds"]
                self.write("cpuset.cpus", str(left))
                self.eventually(lambda: self.policy()["rounds"] > asked)
                self.assertEqual(self.policy()["reason"], "CPUs changed")
                self.assertEqual(self.places(), [[left]] * 2)
                load.goes_on()
                self.write("cpuset.cpus", everywhere)
                self.eventually(lambda: self.places() == [cpus[:1], cpus[1:2]])
                load.goes_on()
        load.expect_all()

    def policy(self):
        return json.loads(self.expect(DONE, "worch", "show", "--json").stdout)["policies"][1]

    def test_a_group_of_one_cpu_has_one_worker(self):
        self.make_group("cpu")
        if self.unified:
            self.write("cpu.max", "100000 100000")
        else:
            self.write("cpu.cfs_period_us", "100000")
            self.write("cpu.cfs_quota_us", "100000")
        self.start("max_workers: auto", preexec_fn=self.enter)
        now = self.workers()
        self.assertEqual((now["active"], now["limit"]), (1, 2))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""`chimaera worch show|set|run` with a real daemon: what is printed, and the exit codes.

  cli_test.py PROGRAM [unittest arguments]
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
DONE, FAILED, USAGE, NO_DAEMON = range(4)
TIMEOUT = 60
KEEP, NOTHING, FAILS = 0, 3, 7  # moods of worch_test_moody
CPUS = sorted(os.sched_getaffinity(0))


class WorchTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        self.environment.pop("CHIMAERA_MODULE_PATH", None)

    def tearDown(self):
        self.run_program("stop", "--force")
        shutil.rmtree(self.folder)

    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], env=self.environment, capture_output=True, text=True,
                              timeout=TIMEOUT)

    def expect(self, code, *arguments):
        result = self.run_program(*arguments)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def text(self, *arguments):
        return self.expect(DONE, "worch", *arguments).stdout

    def json(self, *arguments):
        return json.loads(self.text(*arguments, "--json"))

    def fails(self, code, words, *arguments):
        """Says why on stderr, in one line, and nothing on stdout."""
        for form in ((), ("--json",)):
            result = self.expect(code, "worch", *arguments, *form)
            self.assertEqual(result.stdout, "")
            said = result.stderr
            if form:
                said = "error: {code}: {text}\n".format(**json.loads(said)["error"]).replace("\x1b", "\\x1b")
            self.assertNotIn("\x1b", result.stderr)
            self.assertRegex(said, r"\Aerror: [a-z_]+: [^\n]*\n\Z")
            for word in words:
                self.assertIn(word, said)

    def start(self, worch):
        config = self.folder / "config.yaml"
        config.write_text(f"runtime: {{workers: 2, max_workers: 4}}\nworch: {{period: 0, patience: 10s, {worch}}}\n")
        self.expect(DONE, "start", "--config", str(config))
        self.expect(DONE, "pool", "create", "small", "--module", "small_message", "--containers", "2")


class Show(WorchTest):
    def test_who_runs_what_and_why(self):
        self.start("queue: round_robin")
        shown = self.text("show")
        self.assertRegex(shown, r"(?m)^policy +module +version +answers +refused +took +asked because +says$")
        self.assertRegex(shown, r"(?m)^queue +worch_queue_round_robin +\S+ +2 +0 +\S+ us +pool created +"
                                r"4 lanes in turn over 2 workers$")
        self.assertRegex(shown, r"(?m)^proc +none +0 +0\s*$")
        self.assertRegex(shown, r"(?m)^worker +cpus +why$")
        self.assertRegex(shown, r"(?m)^lane +worker +why$")
        self.assertRegex(shown, r"(?m)^small/0 +[01] +(its turn|was made there)$")
        self.assertRegex(shown, r"(?m)^lanes moved: \d+, put off: 0; "
                                r"stood still p50 \S+ us, p99 \S+ us, longest \S+ us$")

    def test_json(self):
        self.start("queue: round_robin, proc: round_robin")
        shown = self.json("show")
        queue, proc = shown["policies"]
        self.assertEqual((queue["kind"], queue["module"], queue["rounds"], queue["refused"], queue["reason"]),
                         ("queue", "worch_queue_round_robin", 2, 0, "pool created"))
        self.assertEqual((proc["kind"], proc["module"], proc["error"]), ("proc", "worch_proc_round_robin", ""))
        self.assertEqual([each["cpus"] for each in shown["workers"]], [[CPUS[0]], [CPUS[1 % len(CPUS)]]])
        self.assertEqual({each["name"] for each in shown["lanes"]},
                         {"admin/0", "small/0", "small/1", "worch_queue_round_robin/0", "worch_proc_round_robin/0"})
        self.assertTrue(all(each["worker"] in (0, 1) for each in shown["lanes"]))
        self.assertLessEqual(shown["pause_p50_ns"], shown["pause_p99_ns"])
        self.assertLessEqual(shown["pause_p99_ns"], shown["pause_longest_ns"])


class Set(WorchTest):
    def test_another_in_charge(self):
        self.start("queue: null")
        said = self.text("set", "queue", "least_loaded")
        self.assertRegex(said, r"(?m)^queue +worch_queue_least_loaded +\S+ +1 +0 +\S+ us +set +\S")
        self.assertNotIn("small/0", said)
        self.assertEqual(self.json("set", "queue", "worch_queue_round_robin")["policies"][0]["module"],
                         "worch_queue_round_robin")
        pools = self.expect(DONE, "pool", "list").stdout
        self.assertNotIn("worch_queue_least_loaded", pools)
        self.assertEqual(self.json("set", "queue", "none")["policies"][0]["module"], "")
        self.assertNotIn("worch_", self.expect(DONE, "pool", "list").stdout)

    def test_workers_and_cpus(self):
        self.start("queue: null")
        bound = self.json("set", "proc", "round_robin")
        self.assertEqual(bound["policies"][1]["reason"], "set")
        self.assertEqual([each["cpus"] for each in bound["workers"]], [[CPUS[0]], [CPUS[1 % len(CPUS)]]])
        free = self.json("set", "proc", "none")
        self.assertEqual([(each["cpus"], each["why"]) for each in free["workers"]], [(CPUS, "")] * 2)

    def test_what_cannot_be(self):
        self.start("queue: round_robin")
        self.fails(FAILED, ["not_found", "worch_queue_best", "worch_queue_least_loaded"], "set", "queue", "best")
        self.fails(FAILED, ["not_found", "worch_proc_least_loaded"], "set", "proc", "least_loaded")
        self.fails(FAILED, ["invalid_argument", "no policy of the kind 'proc'", "assign_cpus"],
                   "set", "proc", "worch_queue_least_loaded")
        self.fails(USAGE, ["kind", "queue", "proc"], "set", "queues", "round_robin")
        self.fails(USAGE, ["name"], "set", "queue")
        self.fails(USAGE, ["kind"], "set")
        self.fails(USAGE, ["extra"], "set", "queue", "round_robin", "extra")
        queue, proc = self.json("show")["policies"]
        self.assertEqual((queue["module"], proc["module"]), ("worch_queue_round_robin", ""))

    def test_a_refused_one(self):
        self.start("queue: round_robin")
        self.expect(DONE, "pool", "create", "worch_test_moody", "--module", "worch_test_moody")
        self.expect(DONE, "call", "worch_test_moody", "set", f"mood={NOTHING}")
        self.fails(FAILED, ["invalid_argument", "worch_test_moody is not put in charge, worch_queue_round_robin stays",
                            "lanes have no worker"], "set", "queue", "worch_test_moody")
        queue = self.json("show")["policies"][0]
        self.assertEqual((queue["module"], queue["refused"]), ("worch_queue_round_robin", 2))


class Run(WorchTest):
    def test_each_kind(self):
        self.start("queue: round_robin, proc: round_robin")
        self.assertRegex(self.text("run"), r"(?m)^queue .* asked +4 lanes|^queue .* asked +5 lanes")
        rounds = [each["rounds"] for each in self.json("show")["policies"]]
        self.assertEqual([each["rounds"] for each in self.json("run", "queue")["policies"]], [rounds[0] + 1, rounds[1]])
        self.assertEqual([each["rounds"] for each in self.json("run", "proc")["policies"]],
                         [rounds[0] + 1, rounds[1] + 1])
        self.fails(USAGE, ["kind", "queue", "proc"], "run", "cpu")

    def test_with_nobody_in_charge(self):
        self.start("queue: null")
        self.assertEqual([each["rounds"] for each in self.json("run")["policies"]], [0, 0])

    def test_a_refused_answer(self):
        self.start("queue: worch_test_moody")
        before = self.json("run", "queue")["policies"][0]
        self.expect(DONE, "call", "worch_test_moody", "set", f"mood={FAILS}")
        self.fails(FAILED, ["aborted", "in no mood for it", r"\x1b[2J"], "run")
        queue = self.json("show")["policies"][0]
        self.assertEqual((queue["rounds"], queue["refused"]), (before["rounds"], 2))
        self.assertEqual(queue["error"], "in no mood for it\x1b[2J")
        self.assertIn("worch_test_moody was last refused: in no mood for it\\x1b[2J\n", self.text("show"))
        self.expect(DONE, "call", "worch_test_moody", "set", f"mood={KEEP}")
        self.assertEqual(self.json("run")["policies"][0]["rounds"], before["rounds"] + 1)


class NoDaemon(WorchTest):
    def test_is_said(self):
        for words in (["show"], ["run"], ["run", "queue"], ["set", "queue", "round_robin"]):
            self.fails(NO_DAEMON, ["unavailable", "chimaera start"], *words)
        self.fails(USAGE, ["set"], "sett", "queue", "round_robin")


if __name__ == "__main__":
    unittest.main()

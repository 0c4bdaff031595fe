#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""`chimaera status` and what pools tell: of bdev and kv, and of modules that only this test has.

  status_test.py PROGRAM [unittest arguments]
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
DONE, FAILED, USAGE = range(3)
NOBODY = 65534


class StatusTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        self.environment.pop("CHIMAERA_MODULE_PATH", None)
        self.run_program("start")

    def tearDown(self):
        self.run_program("stop", "--force")
        shutil.rmtree(self.folder)

    def run_program(self, *arguments, code=DONE, program=PROGRAM, **options):
        result = subprocess.run([program, *arguments], env=self.environment, capture_output=True, text=True,
                                timeout=60, **options)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def json(self, *arguments, **options):
        return json.loads(self.run_program(*arguments, "--json", **options).stdout)

    def pool(self, name, *arguments, **options):
        return next(p for p in self.json("status", *arguments, **options)["pools"] if p["name"] == name)

    def write(self, pool, offset, text):
        self.run_program("call", pool, "write", f"offset={offset}", f"data={text}")

    @staticmethod
    def rows(pool):
        return {(row["container"], row["operation"]): row for row in pool["operations"] if row["count"]}

    def lines(self, begin, *arguments):
        return [line for line in self.run_program("status", *arguments).stdout.split("\n") if begin in line]

    def test_each_backend_has_its_operations(self):
        self.run_program("pool", "create", "disk", "-m", "bdev", "--containers", "2", "backend=ram:1M", "chunk=4096")
        for i in range(6):
            self.write("disk", 8192 * i, "some text")  # of chunks in container 0
        self.write("disk", 4096, "some text")
        self.run_program("call", "disk", "write", "offset=99999999", "data=x", "--query", "container:0", code=FAILED)
        pool = self.pool("disk")
        rows = self.rows(pool)
        first, second = rows[0, "write"], rows[1, "write"]
        self.assertEqual(pool["stat"]["failures"], [])
        self.assertEqual(len(pool["stat"]["reply"]["members"]), 2)
        self.assertEqual(first["backend"], "ram:1M")
        self.assertGreaterEqual(first["count"], 7)
        self.assertGreaterEqual(first["failed"], 1)
        self.assertGreaterEqual(second["count"], 1)
        self.assertGreater(first["per_second"], 0)
        self.assertLess(first["per_second"], first["count"] / 1e-6)
        self.assertGreater(first["p50_ns"], 0)
        self.assertGreaterEqual(first["p99_ns"], first["p50_ns"])
        self.assertAlmostEqual(first["per_second"], first["count"] / (first["elapsed_ns"] / 1e9))
        self.assertNotIn((0, "flush"), rows)
        lines = self.lines("disk/0")
        self.assertEqual(len(lines), 1, lines)
        for word in ("ram:1M", "write"):
            self.assertIn(word, lines[0])

    def test_an_interval_shows_what_was_done_in_it(self):
        self.run_program("pool", "create", "disk", "-m", "bdev", "backend=ram:1M", "disk=true")
        for _ in range(5):
            self.write("disk", 0, "before")
        end = threading.Event()

        def work():
            while not end.is_set():
                self.run_program("call", "disk", "read", "offset=0", "size=100")

        thread = threading.Thread(target=work)
        thread.start()
        try:
            rows = self.rows(self.pool("disk", "--interval", "1s"))
        finally:
            end.set()
            thread.join()
        self.assertEqual({operation for _, operation in rows}, {"read"}, "no write in this second")
        read = rows[0, "read"]
        self.assertEqual(read["bytes"], 100 * read["count"])
        self.assertGreaterEqual(read["elapsed_ns"], 1e9)
        self.assertAlmostEqual(read["per_second"], read["count"] / (read["elapsed_ns"] / 1e9))
        self.assertIn("operations in 10ms: none", self.run_program("status", "--interval", "10ms").stdout)
        for wrong in ("0", "soon", "-1s"):
            self.run_program("status", f"--interval={wrong}", code=USAGE)

    def test_single_values_are_told_too(self):
        self.run_program("pool", "create", "store", "-m", "kv", "--containers", "3")
        self.run_program("call", "store", "put", "key=apple", "value=red")
        self.assertEqual(self.pool("store")["stat"]["reply"]["records"], 1)
        self.assertEqual(self.pool("store")["operations"], [])
        self.assertIn("records=1 key_bytes=5 value_bytes=3", self.lines("records=")[0])

    def test_one_that_does_not_answer_harms_nobody(self):
        self.run_program("pool", "create", "told", "-m", "teller", "--containers", "3", "failing=1")
        self.run_program("pool", "create", "quiet", "-m", "teller", "silent=0")
        self.run_program("pool", "create", "other", "-m", "bdev", "backend=ram:1M")
        self.run_program("call", "told", "work", "bytes=7", "--query", "container:2")
        pools = {p["name"]: p for p in self.json("status")["pools"]}
        self.assertEqual(pools["quiet"]["stat"]["failures"][0]["error"]["code"], "deadline_exceeded")
        told = pools["told"]["stat"]
        self.assertEqual([each["container"] for each in told["replies"]], [0, 2])
        self.assertEqual(told["replies"][0]["reply"]["text"], "a text")
        self.assertEqual([(f["container"], f["error"]["code"]) for f in told["failures"]], [(1, "data_loss")])
        self.assertEqual(self.rows(pools["told"])[2, "work"]["bytes"], 7)
        self.assertEqual(pools["other"]["stat"]["reply"]["members"][0]["size"], 1 << 20)
        text = self.run_program("status").stdout
        self.assertIn("quiet/0: deadline_exceeded: ", text)
        self.assertIn("told/1: data_loss: this one has \\x1b[31m no idea", text)

    def test_a_stat_that_asks_for_something_is_not_called(self):
        self.run_program("pool", "create", "curious", "-m", "asker")
        self.assertNotIn("stat", self.pool("curious"))
        self.assertNotIn("stat", self.pool("admin"))
        self.assertNotIn("do not tell", self.run_program("status").stdout)

    def test_what_one_may_not_ask(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be somebody else")
        (self.folder / "open.yaml").write_text("socket:\n  mode: 0666\n")
        self.run_program("start", "--name", "open", "--config", str(self.folder / "open.yaml"))
        try:
            for name, mode in (("closed", "600"), ("shown", "644")):
                self.run_program("pool", "create", name, "-m", "kv", "--mode", mode, "--name", "open")
            for path in (self.folder, self.folder / "chimaera"):
                path.chmod(0o755)
            socket = next((self.folder / "chimaera").glob("open*sock*"))
            program = shutil.copy(PROGRAM, self.folder / "program")  # the build may lie where only its owner may go
            shown = self.json("status", "--socket", str(socket), user=NOBODY, cwd="/", program=program)
            pools = {p["name"]: p for p in shown["pools"]}
            self.assertEqual(pools["closed"]["stat"]["error"]["code"], "permission_denied")
            self.assertEqual(pools["closed"]["operations"], [])
            self.assertEqual(pools["shown"]["stat"]["reply"]["records"], 0)
        finally:
            (self.folder / "chimaera").chmod(0o700)
            self.run_program("stop", "--force", "--name", "open")


unittest.main(verbosity=1)

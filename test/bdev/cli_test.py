#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Block devices from the command line: a volume's life, and what `chimaera bdev check` says of it.

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


class BdevTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        self.environment.pop("CHIMAERA_MODULE_PATH", None)
        self.file = self.folder / "volume"

    def tearDown(self):
        self.run_program("stop", "--force")
        shutil.rmtree(self.folder)

    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], env=self.environment, capture_output=True, text=True, timeout=60)

    def expect(self, code, *arguments):
        result = self.run_program(*arguments)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def json(self, *arguments, code=DONE):
        return json.loads(self.expect(code, *arguments, "--json").stdout)

    def create(self):
        self.expect(DONE, "pool", "create", "disk", "-m", "bdev", f"backend=file:{self.file}?size=8M")

    def test_a_life_of_a_volume(self):
        self.expect(DONE, "start")
        self.create()
        extent = self.json("call", "disk", "allocate", "size=100000", "owner=7")["extents"][0]
        self.assertEqual(extent["size"], 102400)
        self.json("call", "disk", "write", f"offset={extent['offset']}", "data=some text")
        self.json("call", "disk", "flush")
        report = self.json("bdev", "check", "disk")["reports"][0]
        self.assertEqual((report["problems"], report["allocated"], report["extents"]), ([], 102400, 1))
        self.assertIn("disk/0: good", self.expect(DONE, "bdev", "check", "disk").stdout)
        self.assertIn("in use", self.expect(FAILED, "bdev", "check", str(self.file)).stderr)
        self.expect(DONE, "stop")
        self.assertEqual(self.json("bdev", "check", str(self.file))["reports"][0]["uuid"], report["uuid"])
        self.expect(DONE, "start")
        self.create()
        reply = self.json("call", "disk", "read", f"offset={extent['offset']}", "size=9")
        self.assertEqual(reply, {"data": "some text"})
        stat = self.json("call", "disk", "stat")
        member = (stat.get("reply") or stat)["members"][0]
        self.assertEqual((member["size"], member["free"]), (8 << 20, (8 << 20) - 102400))

    def test_what_is_wrong_is_told(self):
        self.expect(NO_DAEMON, "bdev", "check", "disk")
        self.assertIn("not_found", self.expect(FAILED, "bdev", "check", str(self.folder / "nowhere")).stderr)
        self.expect(USAGE, "bdev", "check")
        self.expect(USAGE, "bdev", "mend", "disk")
        self.file.write_bytes(b"something else" * 1000)
        report = self.json("bdev", "check", str(self.file), code=FAILED)["reports"][0]
        self.assertTrue(report["problems"])
        self.assertIn("DAMAGED", self.expect(FAILED, "bdev", "check", str(self.file)).stdout)
        self.expect(DONE, "start")
        backend = f"backend=file:{self.file}?size=8M"
        refused = self.expect(FAILED, "pool", "create", "disk", "-m", "bdev", backend)
        self.assertIn("force=true", refused.stderr)
        self.assertEqual(self.file.read_bytes(), b"something else" * 1000)
        self.assertIn("not_found", self.expect(FAILED, "bdev", "check", "disk").stderr)


unittest.main(verbosity=1)

# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""A private daemon for tests, one for each class of them, with the pools `store` (kv) and `small` (small_message)."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import chimaera

PROGRAM = os.environ["CHIMAERA"]
TIMEOUT = 60


class WithDaemon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.environ["XDG_RUNTIME_DIR"] = str(cls.folder)
        os.environ.pop("CHIMAERA_MODULE_PATH", None)
        cls.run_program("start")
        cls.addClassCleanup(cls.run_program, "stop", "--force")
        with chimaera.connect() as client:
            client.create_pool("store", module="kv", containers=4)
            client.create_pool("small", module="small_message", containers=3)

    def setUp(self):
        self.client = chimaera.connect()
        self.addCleanup(self.client.close)
        self.store = self.client.pool("store")
        self.small = self.client.pool("small")

    @staticmethod
    def run_program(*arguments):
        subprocess.run([PROGRAM, *arguments], check=True, timeout=TIMEOUT, stdout=subprocess.DEVNULL)

#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""`chimaera bdev export` when the daemon, or a client, is killed in the middle.

  faults_test.py PROGRAM [unittest arguments]
"""
import json
import os
import random
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
import wire
from exporter import DONE, Export, ExportTest, same_files, tool
from wire import Client

ExportTest.program = os.path.abspath(sys.argv.pop(1))
SIZE = 64 << 20


class DaemonDies(ExportTest):
    def test_in_mid_copy(self):
        """The copy fails, and works again with the daemon that follows."""
        image = self.folder / "in"
        image.write_bytes(random.Random(1).randbytes(SIZE))
        self.create("disk", f"backend=delay:50000:file:{self.folder}/disk?size={SIZE}", "disk=true")
        export = Export(self, "disk")
        # It would take some three seconds.
        copy = subprocess.Popen([tool("nbdcopy"), "--connections=1", "--requests=16", "--request-size=65536",
                                 str(image), export.uri], stderr=subprocess.PIPE, text=True)
        with Client(export.path) as watch:
            watch.go()
            while watch.read(1 << 20, 4096) == bytes(4096):
                self.assertIsNone(copy.poll(), "the copy ended before anything was killed")
            self.kill_daemon()
            self.assertEqual(watch.call(wire.READ, 0, 4096), wire.EIO)
            _, text = copy.communicate(timeout=60)
            self.assertNotEqual(copy.returncode, 0)
            self.assertIn("Input/output error", text)
            export.wait_for_error("requests fail with EIO: unavailable")
            self.expect(DONE, "start")
            self.assertEqual(watch.call(wire.READ, 0, 4096), wire.EIO)
            export.wait_for_error("requests fail with EIO: not_found")
            self.create_file()
            self.assertEqual(len(watch.read(0, 4096)), 4096)
            export.wait_for_error("are there again")
            self.run_tool("nbdcopy", "--flush", image, export.uri)
            self.run_tool("nbdcopy", export.uri, self.folder / "out")
            self.assertTrue(same_files(image, self.folder / "out"))
        self.assertEqual(export.end(), 0)

    def test_between_requests(self):
        """Nobody notices, when it is back in time; what was acknowledged is there."""
        self.create_file()
        export = Export(self, "disk")
        with Client(export.path) as client:
            client.go()
            for i in range(5):
                self.assertEqual(client.write(i << 20, bytes([i + 1]) * 100_000), 0)
                self.kill_daemon()
                self.expect(DONE, "start")
                self.create_file()
            self.assertEqual(client.call(wire.FLUSH), 0)
            for i in range(5):
                self.assertEqual(client.read(i << 20, 100_000), bytes([i + 1]) * 100_000)
        self.assertEqual(export.end(), 0)

    def test_another_volume_is_not_taken_for_the_first(self):
        self.create("disk", f"backend=ram:{SIZE}", "disk=true")
        export = Export(self, "disk")
        with Client(export.path) as client:
            client.go()
            self.assertEqual(client.write(0, b"first"), 0)
            self.kill_daemon()
            self.expect(DONE, "start")
            self.create("disk", f"backend=ram:{SIZE}", "disk=true")
            self.assertEqual(client.write(0, b"second"), wire.EIO)
            export.wait_for_error("is not the volume any more that was exported")
        again = Export(self, "disk")
        with Client(again.path) as client:
            client.go()
            self.assertEqual(client.read(0, 6), bytes(6))
        self.assertEqual(export.end(), 0)


class PoolGoes(ExportTest):
    def test_and_comes_back(self):
        """The same volume is gone on with; another one is left alone, even in a pool of the same name."""
        self.create_file()
        export = Export(self, "disk")
        with Client(export.path) as client:
            client.go()
            self.assertEqual(client.write(0, b"first"), 0)
            self.expect(DONE, "pool", "destroy", "disk")
            self.assertEqual(client.write(0, b"lost!"), wire.EIO)
            export.wait_for_error("not_found")
            self.create_file()
            self.assertEqual(client.read(0, 5), b"first")
            self.expect(DONE, "pool", "destroy", "disk")
            self.create("disk", f"backend=file:{self.folder}/other?size={SIZE}", "disk=true")
            self.assertEqual(client.write(0, b"wrong"), wire.EIO)
            export.wait_for_error("is not the volume any more that was exported")
            with Client(Export(self, "disk").path) as other:
                other.go()
                self.assertEqual(other.read(0, 5), bytes(5))
            self.expect(DONE, "pool", "destroy", "disk")
            self.create_file()
            self.assertEqual(client.read(0, 5), b"first")
        self.assertEqual(export.end(), 0)


class ClientDies(ExportTest):
    def sessions(self):
        """How many the daemon has, with their memory, and the one that asks."""
        return len(json.loads(self.expect(DONE, "status", "--json").stdout)["sessions"])

    def test_in_mid_write(self):
        self.create("disk", f"backend=delay:1000:file:{self.folder}/disk?size={SIZE}", "disk=true")
        export = Export(self, "disk")
        with Client(export.path) as client:
            client.go()
            self.assertEqual(client.write(SIZE - 9, b"untouched"), 0)
            threads, before = export.threads(), self.sessions()
            for _ in range(10):
                fio = subprocess.Popen([tool("fio"), "--name=w", "--ioengine=nbd", f"--uri={export.uri}", "--rw=write",
                                        "--bs=64k", "--iodepth=32", f"--size={SIZE // 2}", "--time_based",
                                        "--runtime=100", "--buffer_pattern=0x77", "--thread"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
                while client.read(0, 1) != b"\x77":
                    self.assertIsNone(fio.poll())
                fio.kill()
                fio.wait()
                self.assertEqual(client.write(0, bytes(4096)), 0)
            until = time.monotonic() + 60
            while (export.threads(), self.sessions()) != (threads, before) and time.monotonic() < until:
                pass
            self.assertEqual((export.threads(), self.sessions()), (threads, before))
            self.assertEqual(client.read(SIZE - 9, 9), b"untouched")
        self.assertEqual(export.end(), 0)


unittest.main(verbosity=1)

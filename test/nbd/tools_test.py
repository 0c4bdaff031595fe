#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""`chimaera bdev export` and programs that nobody here wrote: libnbd's, QEMU's, fio, and a file system.

  tools_test.py PROGRAM [unittest arguments]
"""
import json
import os
import random
import sys
import unittest

sys.dont_write_bytecode = True
from exporter import DONE, Export, ExportTest, same_files

ExportTest.program = os.path.abspath(sys.argv.pop(1))
SIZE = 64 << 20


class ToolsTest(ExportTest):
    def export_file(self):
        self.create_file()
        return Export(self, "disk")

    def export_memory(self):
        self.create("memory", f"backend=ram:{SIZE}", "disk=true")
        return Export(self, "memory")

    def export_stripes(self):
        """Four files, of a quarter each."""
        self.create("stripes", f"backend=file:{self.folder}/stripe{{index}}?size={SIZE // 4}", "chunk=65536",
                    containers=4)
        return Export(self, "stripes")

    def exports_of_all_kinds(self):
        for make in (self.export_file, self.export_memory, self.export_stripes):
            with self.subTest(make.__name__):
                yield make()

    def noise(self, name, size=SIZE):
        path = self.folder / name
        path.write_bytes(random.Random(name).randbytes(size))
        return path

    def check_pool(self, pool):
        reports = json.loads(self.expect(DONE, "bdev", "check", pool, "--json").stdout)["reports"]
        self.assertEqual([report["problems"] for report in reports], [[]] * len(reports))

    def test_nbdinfo(self):
        for export in self.exports_of_all_kinds():
            pool = export.said["pool"]
            entry = json.loads(self.run_tool("nbdinfo", "--json", "--no-content", export.uri).stdout)["exports"][0]
            wanted = {"export-name": pool, "export-size": SIZE, "is_read_only": False, "can_flush": True,
                      "can_fua": True, "can_trim": True, "can_zero": True, "can_multi_conn": True,
                      "block_size_minimum": 1, "block_size_preferred": 4096, "block_size_maximum": 32 << 20}
            self.assertEqual({key: entry[key] for key in wanted}, wanted)
            listed = json.loads(self.run_tool("nbdinfo", "--json", "--list", "--no-content", export.uri).stdout)
            self.assertEqual([each["export-name"] for each in listed["exports"]], [pool])
            self.assertEqual(self.run_tool("nbdinfo", "--size", f"{export.uri}").stdout.strip(), str(SIZE))
            other = export.uri.replace("///", "///other")
            self.run_tool("nbdinfo", other, code=1)

    def test_nbdcopy(self):
        before = self.noise("in")
        for export in self.exports_of_all_kinds():
            out = self.folder / "out"
            self.run_tool("nbdcopy", "--flush", before, export.uri)
            self.run_tool("nbdcopy", export.uri, out)
            self.assertTrue(same_files(before, out))
            self.run_tool("nbdcopy", "--connections=4", "--requests=64", "--request-size=262144", export.uri, out)
            self.assertTrue(same_files(before, out))

    def test_nbdcopy_from_one_export_to_another(self):
        before, out = self.noise("in"), self.folder / "out"
        source, target = self.export_file(), self.export_stripes()
        self.run_tool("nbdcopy", before, source.uri)
        self.run_tool("nbdcopy", source.uri, target.uri)
        self.run_tool("nbdcopy", target.uri, out)
        self.assertTrue(same_files(before, out))

    def test_qemu_img(self):
        before = self.noise("in", SIZE // 2)
        os.truncate(before, SIZE)  # half of it zeros, which qemu-img does not send
        for export in self.exports_of_all_kinds():
            info = json.loads(self.run_tool("qemu-img", "info", "--output=json", export.uri).stdout)
            self.assertEqual((info["virtual-size"], info["format"]), (SIZE, "raw"))
            out = self.folder / "out"
            self.run_tool("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", before, export.uri)
            self.run_tool("qemu-img", "compare", "-f", "raw", "-F", "raw", before, export.uri)
            self.run_tool("qemu-img", "convert", "-f", "raw", "-O", "raw", export.uri, out)
            self.assertTrue(same_files(before, out))
            inside = self.folder / "image.qcow2"
            self.run_tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", export.uri, inside)
            self.run_tool("qemu-img", "compare", "-f", "qcow2", "-F", "raw", inside, export.uri)

    def test_a_file_system(self):
        tree = self.folder / "tree"
        for i in range(20):
            folder = tree / f"folder{i}"
            folder.mkdir(parents=True)
            (folder / "file").write_bytes(random.Random(i).randbytes(i * 5000))
        image, out = self.folder / "image", self.folder / "out"
        with open(image, "wb") as file:
            file.truncate(SIZE)
        self.run_tool("mke2fs", "-q", "-t", "ext4", "-d", tree, image)
        self.run_tool("e2fsck", "-fn", image)
        for export in self.exports_of_all_kinds():
            self.run_tool("nbdcopy", "--flush", image, export.uri)
            self.run_tool("nbdcopy", export.uri, out)
            self.run_tool("e2fsck", "-fn", out)
            self.assertTrue(same_files(image, out))
            self.check_pool(export.said["pool"])

    def test_fio(self):
        for export in self.exports_of_all_kinds():
            for rw, sizes in (("randwrite", "4k-4k"), ("randrw", "512-128k"), ("write", "1m-1m")):
                result = self.run_tool("fio", "--name=verify", "--ioengine=nbd", f"--uri={export.uri}", f"--rw={rw}",
                                       f"--bsrange={sizes}", "--bs_unaligned=1", "--iodepth=32", f"--size={SIZE // 2}",
                                       "--verify=crc32c", "--verify_fatal=1", "--verify_state_save=0", "--fsync=64",
                                       "--trim_percentage=0", "--output-format=json")
                job = json.loads(result.stdout[result.stdout.index("{"):])["jobs"][0]
                self.assertEqual(job["error"], 0)
                self.assertGreaterEqual(job["write"]["io_bytes"] + job["read"]["io_bytes"], SIZE // 2)

    def test_what_is_written_survives_the_daemon(self):
        before, out = self.noise("in"), self.folder / "out"
        export = self.export_file()
        self.run_tool("nbdcopy", "--flush", before, export.uri)
        self.assertEqual(export.end(), 0)
        self.expect(DONE, "stop")
        self.expect(DONE, "start")
        again = self.export_file()
        self.run_tool("nbdcopy", again.uri, out)
        self.assertTrue(same_files(before, out))


unittest.main(verbosity=1)

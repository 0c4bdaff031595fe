#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""`chimaera bdev export` and clients of every kind, hostile ones, too.

  protocol_test.py PROGRAM [unittest arguments]
"""
import os
import random
import signal
import socket
import stat
import struct
import sys
import unittest

sys.dont_write_bytecode = True
import wire
from exporter import DONE, FAILED, NO_DAEMON, USAGE, Export, ExportTest
from wire import Client

ExportTest.program = os.path.abspath(sys.argv.pop(1))
SIZE = 64 << 20
MAX = 32 << 20


class Handshake(ExportTest):
    def setUp(self):
        super().setUp()
        self.create_file()
        self.export = Export(self, "disk")

    def connect(self, **options):
        client = Client(self.export.path, **options)
        self.addCleanup(client.close)
        return client

    def assert_serves(self):
        with self.connect() as client:
            self.assertEqual(client.go(), (SIZE, 0x16D))
            self.assertEqual(client.read(0, 512), bytes(512))

    def test_every_option(self):
        client = self.connect()
        self.assertEqual([kind for kind, _ in client.replies(wire.STRUCTURED)], [wire.UNSUPPORTED])
        self.assertEqual([kind for kind, _ in client.replies(wire.STARTTLS)], [wire.UNSUPPORTED])
        (kind, entry), last = client.replies(wire.LIST)
        self.assertEqual((kind, entry[:8], last[0]), (wire.SERVER, b"\0\0\0\4disk", wire.ACK))
        self.assertEqual(client.replies(wire.INFO, b"\0\0\0\5other\0\0")[0][0], wire.UNKNOWN)
        self.assertEqual(client.replies(wire.INFO, b"\0\0\0\5oth")[0][0], wire.INVALID)
        infos = dict((body[:2], body[2:]) for kind, body in client.replies(wire.INFO, b"\0\0\0\0\0\1\0\3")[:-1])
        self.assertEqual(struct.unpack(">III", infos[b"\0\3"]), (1, 4096, MAX))
        self.assertEqual(client.go(b"disk"), (SIZE, 0x16D))
        self.assertEqual(client.read(SIZE - 1, 1), b"\0")
        self.assertEqual(self.connect().replies(wire.ABORT), [(wire.ACK, b"")])

    def test_export_name(self):
        for flags, zeroes in ((3, 0), (1, 124), (2, 0), (0, 124)):
            client = self.connect(flags=flags)
            client.option(wire.EXPORT_NAME, b"disk")
            self.assertEqual(struct.unpack(">QH", client.take(10)), (SIZE, 0x16D))
            self.assertEqual(client.take(zeroes), bytes(zeroes))
            self.assertEqual(client.read(0, 16), bytes(16))
        client = self.connect()
        client.option(wire.EXPORT_NAME, b"other")
        self.assertTrue(client.is_closed())

    def test_who_speaks_nonsense_is_left(self):
        self.assertTrue(self.connect(flags=0x80000003).is_closed())
        self.assertTrue(self.connect(flags=0).is_closed())
        client = self.connect()
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        self.assertTrue(client.is_closed())
        client = self.connect()
        client.option(wire.GO, length=0xFFFFFFFF)
        self.assertEqual(client.option_reply()[1], wire.TOO_BIG)
        self.assertTrue(client.is_closed())
        noise = random.Random(1)
        for _ in range(50):
            client = self.connect(flags=noise.choice([None, 3]))
            try:
                client.send(noise.randbytes(noise.randrange(2000)))
                client.socket.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertTrue(client.is_closed())
            client.close()
        self.assert_serves()

    def test_options_without_end_are_bounded(self):
        client = self.connect()
        many = (wire.OPTION + struct.pack(">II", wire.LIST, 0)) * 1000
        client.send(many)
        for _ in range(2000):
            client.option_reply()
        self.assertEqual(client.go()[0], SIZE)

    def test_who_does_not_finish_the_handshake_is_left(self):
        silent = [self.connect(flags=None) for _ in range(2)]
        slow = self.connect()
        slow.option(wire.LIST, length=100)
        self.assert_serves()
        for client in [*silent, slow]:
            self.assertTrue(client.is_closed())

    def test_silence_keeps_no_place(self):
        few = Export(self, "disk", "--connections", "2")
        silent = [Client(few.path, flags=None) for _ in range(2)]
        for each in silent:
            self.addCleanup(each.close)
        first, second = (Client(few.path) for _ in range(2))
        for place, client in enumerate((first, second)):
            self.addCleanup(client.close)
            self.assertEqual(client.go()[0], SIZE)
            self.assertTrue(silent[place].is_closed())
        with Client(few.path) as refused:
            self.assertEqual(refused.replies(wire.GO, b"\0\0\0\0\0\0")[0][0], wire.POLICY)
        self.assertEqual([client.read(0, 8) for client in (first, second)], [bytes(8)] * 2)

    def test_more_clients_than_the_limit(self):
        few = Export(self, "disk", "--connections", "2")
        clients = [Client(few.path) for _ in range(2)]
        for client in clients:
            self.addCleanup(client.close)
            client.go()
        with Client(few.path) as refused:
            kind, text = refused.replies(wire.GO, b"\0\0\0\0\0\0")[0]
            self.assertEqual(kind, wire.POLICY)
            self.assertEqual(text, b"2 clients are connected, which is the limit (--connections)")
            self.assertTrue(refused.is_closed())
        few.wait_for_error("a client is refused: 2 clients are connected")
        self.assertEqual([client.read(0, 8) for client in clients], [bytes(8)] * 2)
        clients[0].request(wire.DISC)
        self.assertTrue(clients[0].is_closed())
        flood = []
        for _ in range(300):  # those that get nothing wait for nobody
            flood.append(socket.socket(socket.AF_UNIX))
            self.addCleanup(flood[-1].close)
            flood[-1].settimeout(60)
            flood[-1].connect(str(few.path))
        self.assertLess(few.threads(), 40)
        self.assertEqual(clients[1].read(0, 8), bytes(8))
        for each in flood:
            each.close()


class Transmission(ExportTest):
    def setUp(self):
        super().setUp()
        self.create_file()
        self.export = Export(self, "disk")
        self.client = self.connect()

    def connect(self, export=None):
        client = Client((export or self.export).path)
        self.addCleanup(client.close)
        client.go()
        return client

    def test_data_of_every_alignment(self):
        noise = random.Random(2)
        model = bytearray(1 << 20)
        for _ in range(200):
            offset = noise.randrange(len(model))
            size = min(noise.choice([1, 511, 4096, 70000]), len(model) - offset)
            what = noise.randrange(5)
            data = noise.randbytes(size) if what < 3 else bytes(size)
            if what < 3:
                self.assertEqual(self.client.write(offset, data, noise.choice([0, wire.FUA])), 0)
            elif what == 3:
                self.assertEqual(self.client.call(wire.TRIM, offset, size), 0)
            else:
                flags = noise.choice([0, wire.NO_HOLE, wire.FUA | wire.NO_HOLE])
                self.assertEqual(self.client.call(wire.ZEROES, offset, size, flags=flags), 0)
            model[offset:offset + size] = data
        self.assertEqual(self.client.call(wire.FLUSH), 0)
        self.assertEqual(self.client.read(0, len(model)), model)
        self.assertEqual(self.connect().read(12345, 54321), model[12345:12345 + 54321])

    def test_the_largest_requests(self):
        data = random.Random(3).randbytes(MAX)
        self.assertEqual(self.client.write(4096, data), 0)
        self.assertEqual(self.client.read(4096, MAX), data)
        self.assertEqual(self.client.call(wire.ZEROES, 0, SIZE), 0)
        self.assertEqual(self.client.read(0, MAX), bytes(MAX))

    def test_many_at_once_are_answered_in_any_order(self):
        wanted = {}
        for i in range(500):
            data = struct.pack(">I", i) * 1024
            wanted[self.client.request(wire.WRITE, i * 4096, 4096, data)] = data
        got = {}
        for _ in wanted:
            error, cookie = self.client.reply()
            got[cookie] = error
        self.assertEqual(got, dict.fromkeys(wanted, 0))
        reads = {self.client.request(wire.READ, i * 4096, 4096): i for i in range(100)}
        while reads:
            error, cookie = self.client.reply()
            self.assertEqual((error, self.client.take(4096)), (0, struct.pack(">I", reads.pop(cookie)) * 1024))

    def test_what_is_wrong_is_told_and_goes_on(self):
        call = self.client.call
        self.assertEqual(call(wire.READ, SIZE, 1), wire.EINVAL)
        self.assertEqual(call(wire.READ, SIZE - 1, 2), wire.EINVAL)
        self.assertEqual(call(wire.READ, (1 << 64) - 1, 2), wire.EINVAL)
        self.assertEqual(call(wire.READ, 0, 0), wire.EINVAL)
        self.assertEqual(call(wire.READ, 0, MAX + 1), wire.EINVAL)
        self.assertEqual(call(wire.READ, 0, 0xFFFFFFFF), wire.EINVAL)
        self.assertEqual(call(wire.READ, 0, 512, flags=wire.NO_HOLE), wire.EINVAL)
        self.assertEqual(call(wire.TRIM, SIZE, 1), wire.EINVAL)
        self.assertEqual(call(wire.ZEROES, SIZE - 1, 2), wire.ENOSPC)
        self.assertEqual(call(wire.ZEROES, 0, 512, flags=1 << 4), wire.EINVAL)
        self.assertEqual(call(wire.FLUSH, 1, 0), wire.EINVAL)
        self.assertEqual(self.client.write(SIZE - 1, b"ab"), wire.ENOSPC)
        self.assertEqual(self.client.write(0, b""), wire.EINVAL)
        self.assertEqual(self.client.write(0, bytes(MAX + 1)), wire.EINVAL)
        for command in (5, 7, 8, 0xFFFF):
            self.assertEqual(call(command, 0, 512), wire.EINVAL)
        self.assertEqual(self.client.write(0, b"still in step"), 0)
        self.assertEqual(self.client.read(0, 13), b"still in step")

    def test_read_only(self):
        fixed = Export(self, "disk", "--read-only")
        self.assertEqual(self.client.write(0, b"before"), 0)
        with Client(fixed.path) as client:
            self.assertEqual(client.go(), (SIZE, 0x10F))
            self.assertEqual(client.write(0, b"after!"), wire.EPERM)
            self.assertEqual(client.call(wire.TRIM, 0, 4096), wire.EPERM)
            self.assertEqual(client.call(wire.ZEROES, 0, 4096), wire.EPERM)
            self.assertEqual(client.call(wire.FLUSH), 0)
            self.assertEqual(client.read(0, 6), b"before")

    def test_who_is_out_of_step_is_left(self):
        self.client.request(wire.READ, 0, 512, magic=0x12345678)
        self.assertTrue(self.client.is_closed())
        half = self.connect()
        half.request(wire.WRITE, 0, 1 << 20, b"only a part")
        half.socket.shutdown(socket.SHUT_WR)
        self.assertTrue(half.is_closed())
        header = self.connect()
        header.send(struct.pack(">IH", wire.REQUEST, 0))
        header.close()
        self.assertEqual(self.connect().read(0, 4096), bytes(4096))

    def test_what_was_asked_for_before_the_end_is_answered(self):
        cookies = {self.client.request(wire.WRITE, i * 512, 512, bytes([i]) * 512) for i in range(100)}
        self.client.request(wire.DISC)
        answered = {self.client.reply() for _ in range(100)}
        self.assertEqual(answered, {(0, cookie) for cookie in cookies})
        self.assertTrue(self.client.is_closed())
        self.assertEqual(self.connect().read(99 * 512, 512), bytes([99]) * 512)

    def test_who_does_not_read_holds_up_nobody(self):
        """Nor is more memory used for it than for so many requests."""
        self.client.socket.setblocking(False)
        sent = 0
        header = struct.pack(">IHHQQI", wire.REQUEST, 0, wire.READ, 1, 0, MAX)
        try:
            while True:
                sent += self.client.socket.send(header * 100)
        except BlockingIOError:
            pass
        self.assertGreater(sent, 2800)
        other = self.connect()
        self.assertEqual(other.write(0, b"x" * 4096), 0)
        self.assertEqual(other.read(0, 4096), b"x" * 4096)
        with open(f"/proc/{self.export.process.pid}/smaps_rollup") as file:
            memory = next(int(line.split()[1]) for line in file if line.startswith("Rss:"))
        self.assertLess(memory, 300 << 10)


class Life(ExportTest):
    def test_the_socket(self):
        self.create_file()
        export = Export(self, "disk")
        self.assertEqual(stat.S_IMODE(os.stat(export.path).st_mode), 0o600)
        self.assertEqual(export.said, {"pool": "disk", "size": SIZE, "block_size": 4096, "read_only": False,
                                       "socket": str(export.path), "uri": f"nbd+unix:///?socket={export.path}"})
        taken = self.expect(FAILED, "bdev", "export", "disk", "--nbd", str(export.path))
        self.assertIn("already_exists", taken.stderr)
        plain = self.folder / "file"
        plain.write_text("mine")
        refused = self.expect(FAILED, "bdev", "export", "disk", "--nbd", str(plain))
        self.assertIn("is no socket", refused.stderr)
        self.assertEqual(plain.read_text(), "mine")
        link = self.folder / "link"
        link.symlink_to(export.path)
        self.assertIn("is no socket", self.expect(FAILED, "bdev", "export", "disk", "--nbd", str(link)).stderr)
        self.assertEqual(export.end(signal.SIGINT), 0)
        self.assertFalse(export.path.exists())
        left = Export(self, "disk", "--mode", "660")
        self.assertEqual(stat.S_IMODE(os.stat(left.path).st_mode), 0o660)
        left.end(signal.SIGKILL)
        self.assertTrue(left.path.exists())
        self.exports.pop()
        again = Export(self, "disk")
        self.assertEqual(again.path, left.path)
        os.unlink(again.path)
        again.path.write_text("somebody else's")
        self.assertEqual(again.end(), 0)
        self.assertEqual(again.path.read_text(), "somebody else's")
        left.destroy()

    def test_a_name_with_blanks(self):
        self.create_file()
        folder = self.folder / "a b&c"
        folder.mkdir()
        self.folder, before = folder, self.folder
        export = Export(self, "disk")
        self.folder = before
        self.assertTrue(export.uri.endswith("/a%20b%26c/disk-0.sock"), export.uri)

    def test_what_cannot_be_exported(self):
        def refused(pool, *words):
            text = self.expect(FAILED, "bdev", "export", pool, "--nbd", str(self.folder / "s")).stderr
            for word in words:
                self.assertIn(word, text)
            self.assertFalse((self.folder / "s").exists())

        refused("nowhere", "not_found", "chimaera pool list")
        self.create("space", f"backend=ram:{SIZE}")
        refused("space", "failed_precondition", "disk=true", "chimaera pool create space")
        self.expect(DONE, "pool", "create", "keys", "-m", "kv")
        refused("keys", "failed_precondition", "module kv")
        self.expect(USAGE, "bdev", "export", "space")
        self.expect(USAGE, "bdev", "export", "space", "--nbd", "s", "--mode", "999")
        self.expect(USAGE, "bdev", "export", "space", "--nbd", "s", "--connections", "0")
        self.create_file()
        long = self.expect(FAILED, "bdev", "export", "disk", "--nbd", str(self.folder / ("n" * 108)))
        self.assertIn("invalid_argument", long.stderr)
        missing = self.expect(FAILED, "bdev", "export", "disk", "--nbd", str(self.folder / "no" / "s"))
        self.assertIn("not_found", missing.stderr)
        self.expect(NO_DAEMON, "bdev", "export", "disk", "--nbd", str(self.folder / "s"), "--name", "other")

    def test_the_end_answers_what_was_asked_for(self):
        self.create("slow", f"backend=delay:20000:ram:{SIZE}", "disk=true")
        export = Export(self, "slow")
        with Client(export.path) as client:
            client.go()
            cookies = {client.request(wire.WRITE, i * 4096, 4096, bytes([i]) * 4096) for i in range(64)}
            first = client.reply()
            export.process.send_signal(signal.SIGTERM)
            answered = {first} | {client.reply() for _ in range(63)}
            self.assertEqual(answered, {(0, cookie) for cookie in cookies})
            self.assertTrue(client.is_closed())
        self.assertEqual(export.process.wait(60), 0)
        self.assertFalse(export.path.exists())
        again = Export(self, "slow")
        with Client(again.path) as client:
            client.go()
            self.assertEqual(client.read(63 * 4096, 4096), bytes([63]) * 4096)

    def test_the_device_fails(self):
        self.create("bad", f"backend=error:3+:ram:{SIZE}", "disk=true")
        export = Export(self, "bad")
        with Client(export.path) as client:
            client.go()
            errors = [client.write(i * 4096, bytes(4096)) for i in range(10)]
            self.assertIn(wire.EIO, errors)
            self.assertEqual(client.call(wire.READ, 0, 4096), wire.EIO)
            self.assertEqual(client.call(wire.READ, SIZE, 4096), wire.EINVAL)
        export.wait_for_error("a request failed: data_loss")


unittest.main(verbosity=1)

# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Memory through the buffer protocol, in and out, copied and shared."""
import array
import ctypes
import gc
import importlib.util
import mmap
import unittest

import chimaera
from daemon import WithDaemon

HAS_NUMPY = importlib.util.find_spec("numpy") is not None
SIZE = 100_000


def pattern(size, salt=0):
    return bytes((i * 131 + i // 251 + salt) & 0xff for i in range(size))


class Buffers(WithDaemon):
    def stored(self, value):
        """What the daemon has after a put of this value."""
        self.store.put("buffer", value)
        return self.store.get("buffer").value

    def test_whatever_has_a_buffer_goes_in(self):
        data = pattern(SIZE)
        for small in (data, data[:100], b""):
            for made in (bytes, bytearray, memoryview, lambda d: memoryview(d)[:]):
                self.assertEqual(self.stored(made(small)), small)
        numbers = array.array("d", range(1000))
        self.assertEqual(self.stored(numbers), numbers.tobytes())
        self.assertEqual(self.stored((ctypes.c_int32 * 3)(1, 2, 3)), array.array("i", [1, 2, 3]).tobytes())
        with mmap.mmap(-1, mmap.PAGESIZE) as mapped:
            mapped[:4] = b"mmap"
            self.assertEqual(self.stored(mapped), mapped[:])

    def test_an_exporter_is_let_go(self):
        data = bytearray(pattern(SIZE))
        self.stored(data)
        data.append(1)  # BufferError while somebody has a view of it
        with self.assertRaises(TypeError):
            self.store.put(3, data)
        data.append(1)

    def test_views_of_replies(self):
        for size in (10, SIZE):
            self.store.put("view", pattern(size))
            view = self.store.views.get("view").value
            self.assertIsInstance(view, memoryview)
            self.assertTrue(view.readonly)
            self.store.put("view", b"changed")
            for _ in range(10):
                self.store.views.get("view")
            gc.collect()
            self.assertEqual(view, pattern(size))
            self.assertEqual(self.stored(view), pattern(size))  # and back again

    def test_views_outlive_their_client(self):
        self.store.put("late", pattern(SIZE))
        view = self.store.views.get("late").value
        self.client.close()
        self.assertEqual(view, pattern(SIZE))

    def test_allocated_memory_goes_both_ways(self):
        buffer = self.client.allocate(SIZE)
        self.assertEqual(len(buffer), SIZE)
        view = memoryview(buffer)
        self.assertFalse(view.readonly)
        view[:] = pattern(SIZE)
        self.assertEqual(self.stored(buffer), pattern(SIZE))
        self.assertEqual(self.stored(view[5:700]), pattern(SIZE)[5:700])

    def test_the_callee_writes_into_our_memory(self):
        buffer = self.client.allocate(SIZE)
        view = memoryview(buffer)
        view[:] = bytes(SIZE)
        checksum = self.small.fill(target=buffer, seed=7).checksum
        expected = self.small.read(size=SIZE, seed=7)
        self.assertEqual(view, expected.data)
        self.assertEqual(checksum, expected.checksum)
        self.small.fill(target=view[:10], seed=8)
        self.assertEqual(view[:10], self.small.read(10, 8).data)
        self.assertEqual(view[10:], expected.data[10:])
        self.assertEqual(self.small.pass_buffer(view[100:300]).size, 200)
        self.assertEqual(self.small.submit.fill(buffer, 9).result(60).checksum, self.small.read(SIZE, 9).checksum)
        self.assertEqual(view, self.small.read(SIZE, 9).data)

    def test_memory_that_is_not_shared_is_refused_where_the_callee_writes(self):
        with self.assertRaisesRegex(TypeError, "target.*allocate"):
            self.small.fill(target=bytearray(100), seed=1)

    def test_memory_comes_back(self):
        for _ in range(200):  # 20 times what a session may have
            buffer = self.client.allocate(100 << 20)
            del buffer
        with self.assertRaises(chimaera.ResourceExhausted):
            held = [self.client.allocate(100 << 20) for _ in range(200)]
            del held

    @unittest.skipUnless(HAS_NUMPY, "NumPy is not installed")
    def test_numpy(self):
        import numpy
        numbers = numpy.arange(50_000, dtype=numpy.float64)
        self.store.put("numpy", numbers)
        back = numpy.frombuffer(self.store.views.get("numpy").value)
        self.assertTrue((back == numbers).all())
        self.assertFalse(back.flags.owndata)
        shared = numpy.frombuffer(self.client.allocate(SIZE), dtype=numpy.uint8)
        self.small.fill(target=shared, seed=3)
        self.assertEqual(shared.tobytes(), self.small.read(SIZE, 3).data)
        with self.assertRaises(BufferError):
            self.store.put("numpy", numbers[::2])


if __name__ == "__main__":
    unittest.main()

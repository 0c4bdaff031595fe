# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Asynchronous calls: futures that any thread may ask, and asyncio."""
import asyncio
import concurrent.futures
import gc
import os
import threading
import time
import unittest

import chimaera
from daemon import TIMEOUT, WithDaemon

LONG = 3_600_000_000  # microseconds


class Futures(WithDaemon):
    def test_many_under_way(self):
        values = {f"f {i}": bytes([i % 256]) * (i % 3 * 700) for i in range(1000)}
        for future in [self.store.submit.put(key, value) for key, value in values.items()]:
            self.assertFalse(future.result(TIMEOUT).replaced)
        asked = {key: self.store.submit.get(key) for key in values}
        for key, future in asked.items():
            self.assertEqual(future.result(TIMEOUT).value, values[key])
            self.assertTrue(future.done())
            self.assertIs(future.result(), future.result())

    def test_the_request_is_taken_at_once(self):
        data = bytearray(b"x" * 5000)
        future = self.store.submit.put("taken", data)
        data[:] = b"y" * 5000
        future.result(TIMEOUT)
        self.assertEqual(self.store.get("taken").value, b"x" * 5000)

    def test_any_thread_may_ask(self):
        future = self.store.submit.put("elsewhere", b"1")
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            replies = list(threads.map(lambda _: future.result(TIMEOUT).replaced, range(8)))
        self.assertEqual(replies, [False] * 8)

    def test_errors(self):
        future = self.small.submit.fail("aborted", "as told")
        self.assertIsInstance(future.exception(TIMEOUT), chimaera.Aborted)
        with self.assertRaisesRegex(chimaera.Aborted, "as told"):
            future.result()
        self.assertIsNone(self.small.submit.md().exception(TIMEOUT))
        with self.assertRaises(TypeError):
            self.store.submit.get(kye="a")
        with self.assertRaises(AttributeError):
            self.store.submit.gett

    def test_a_wait_that_ends_early(self):
        future = self.small.submit.nap(LONG)
        with self.assertRaises(TimeoutError):
            future.result(timeout=0)
        with self.assertRaises(TimeoutError):
            future.result(timeout=0.01)
        self.assertFalse(future.done())
        self.assertTrue(future.cancel())
        with self.assertRaises(chimaera.Cancelled):
            future.result(TIMEOUT)
        self.assertFalse(future.cancel())

    def test_deadlines_and_queries(self):
        slow = self.small.submit.with_deadline(0.05).nap(LONG)
        with self.assertRaises(chimaera.DeadlineExceeded):
            slow.result(TIMEOUT)
        self.assertEqual(len(self.small.on(chimaera.all()).submit.md().result(TIMEOUT)), 3)

    def test_close_ends_what_is_under_way(self):
        future = self.small.submit.nap(LONG)
        self.client.close()
        with self.assertRaises(chimaera.Unavailable):
            future.result(TIMEOUT)

    def test_threads_beside_asynchronous_calls(self):
        futures = [self.small.on(chimaera.container(0)).submit.nap(1000) for _ in range(50)]
        self.assertEqual(self.store.put("beside", b"1").replaced, False)
        for future in futures:
            future.result(TIMEOUT)


class Asyncio(WithDaemon):
    def test_await(self):
        async def main():
            await self.store.aio.put(key="aio", value=b"3")
            return (await self.store.aio.get(key="aio")).value

        self.assertEqual(asyncio.run(main()), b"3")
        self.assertEqual(asyncio.run(main()), b"3")  # in another loop

    def test_many_in_flight(self):
        async def main():
            await asyncio.gather(*(self.store.aio.put(f"a {i}", str(i).encode()) for i in range(2000)))
            replies = await asyncio.gather(*(self.store.aio.get(f"a {i}") for i in range(2000)))
            return [reply.value for reply in replies]

        self.assertEqual(asyncio.run(main()), [str(i).encode() for i in range(2000)])

    def test_the_event_loop_goes_on(self):
        async def main():
            slow = self.small.aio.nap(LONG)
            turns = 0
            while turns < 100:  # each takes a reply, while the slow one waits
                turns += (await self.small.aio.on(chimaera.container(1)).md()).value
            self.assertFalse(slow.done())
            slow.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await slow
            return turns

        self.assertEqual(asyncio.run(main()), 100)

    def test_cancelling_ends_the_call(self):
        async def main():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(self.small.aio.on(chimaera.container(2)).nap(LONG), 0.02)

        def running():
            described = self.client.admin.pool_describe("small")
            return described.containers[2].running

        asyncio.run(main())
        while running():
            pass

    def test_errors(self):
        async def main():
            with self.assertRaises(chimaera.Aborted):
                await self.small.aio.fail("aborted", "")
            with self.assertRaises(TypeError):
                await self.small.aio.fail("aborted", "", False, 1)
            with self.assertRaises(chimaera.DeadlineExceeded):
                await self.small.aio.with_deadline(0.02).nap(LONG)

        asyncio.run(main())

    def test_several_loops(self):
        async def work(number):
            for i in range(100):
                await self.store.aio.put(f"loop {number}", str(i).encode())
                self.assertEqual((await self.store.aio.get(f"loop {number}")).value, str(i).encode())
            done.append(number)

        done = []
        threads = [threading.Thread(target=lambda n=n: asyncio.run(work(n))) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(done), [0, 1, 2, 3])

    def test_loops_that_are_closed_leave_nothing(self):
        async def main():
            self.small.aio.nap(LONG)

        def descriptors():
            gc.collect()
            return len(os.listdir("/proc/self/fd"))

        asyncio.run(main())
        before = descriptors()
        for _ in range(10):
            asyncio.run(main())
        deadline = time.monotonic() + TIMEOUT
        while descriptors() > before:  # until the daemon has ended the calls
            self.assertLess(time.monotonic(), deadline)

    def test_outside_of_a_loop(self):
        with self.assertRaisesRegex(RuntimeError, "event loop"):
            self.store.aio.get("a")


if __name__ == "__main__":
    unittest.main()

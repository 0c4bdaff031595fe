# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Pools, methods and their fields, queries, records, and what is refused."""
import copy
import inspect
import pickle
import threading
import unittest

import chimaera
from daemon import WithDaemon


class Calls(WithDaemon):
    def test_what_is_put_is_there(self):
        self.assertFalse(self.store.put(key="apple", value=b"3").replaced)
        self.assertTrue(self.store.put("apple", b"4").replaced)
        self.assertEqual(self.store.get(key="apple").value, b"4")
        self.assertIsNone(self.store.get(key="pear").value)
        self.assertTrue(self.store.del_(key="apple").removed)
        self.assertFalse(self.store["del"]("apple").removed)

    def test_values_of_all_sizes(self):
        for size in (0, 1, 511, 512, 513, 4096, 1 << 20):
            value = bytes(i * 7 % 251 for i in range(size))
            self.store.put(f"size {size}", value)
            got = self.store.get(f"size {size}").value
            self.assertIsInstance(got, bytes)
            self.assertEqual(got, value)

    def test_text_that_is_no_utf8_comes_back(self):
        for key in ("äpfel", "日本", b"\xff\xfe raw".decode(errors="surrogateescape")):
            self.store.put(key, b"x")
            self.assertIn(key, [r.key for r in self.store.scan(key).records])

    def test_fields_at_the_end_have_their_defaults(self):
        for i in range(5):
            self.store.put(f"scan {i}", b"x" * i)
        reply = self.store.scan("scan ")
        self.assertEqual((reply.limit, reply.more), (100, False))
        self.assertEqual([(r.key, r.value) for r in reply.records], [(f"scan {i}", b"x" * i) for i in range(5)])
        self.assertEqual(self.store.scan("scan ", 2).limit, 2)
        self.assertEqual(self.small.md().value, 1)
        with self.assertRaisesRegex(TypeError, "'limit' is missing.*at the end only"):
            self.store.scan("scan ", keys_only=True)

    def test_nested_fields(self):
        where = chimaera.hash("nested")
        records = [{"key": "nested", "value": b"1"}]
        self.assertEqual(self.store.on(where).put_many(records=records).added, 1)
        found = self.store.scan("nested").records  # any object with the fields as attributes will do
        self.assertEqual(self.store.on(where).put_many(found).replaced, 1)
        with self.assertRaisesRegex(TypeError, r"records\[1\].value.*bytes"):
            self.store.on(where).put_many([found[0], {"key": "a", "value": 3}])

    def test_maps_and_numbers(self):
        for i, color in enumerate(("red", "red", "blue")):
            self.store.put(f"color {i}", f"Color: {color}\nSize: {-i}\n".encode())
        self.assertEqual(self.store.tally("Color").counts, {"red": 2, "blue": 1})
        totals = self.store.sum("Color", "Size").totals
        self.assertEqual({k: (t.sum, t.records) for k, t in totals.items()}, {"red": (-1, 2), "blue": (-2, 1)})

    def test_enums(self):
        for code in ("aborted", 9):
            with self.assertRaises(chimaera.Aborted) as raised:
                self.small.fail(code=code, text="as told")
            error = raised.exception
            self.assertEqual((error.code, error.text, error.where[:6]), ("aborted", "as told", "small/"))
            self.assertEqual(str(error), f"aborted: as told (in {error.where})")
        with self.assertRaisesRegex(ValueError, "no value 'abortd'; did you mean 'aborted'"):
            self.small.fail(code="abortd")
        with self.assertRaises(chimaera.Internal):
            self.small.fail(text="thrown", throws=True, code=11)


class Refused(WithDaemon):
    def refused(self, exception, words, call, *arguments, **named):
        with self.assertRaises(exception) as raised:
            call(*arguments, **named)
        for word in words:
            self.assertIn(word, str(raised.exception))

    def test_names(self):
        self.refused(AttributeError, ["gett", "did you mean 'get'?"], getattr, self.store, "gett")
        self.refused(TypeError, ["kye", "did you mean 'key'?"], self.store.get, kye="a")
        self.refused(TypeError, ["'key' is missing", "string"], self.store.get)
        self.refused(TypeError, ["given twice"], self.store.get, "a", key="b")
        self.refused(TypeError, ["2 values for 1 fields"], self.store.get, "a", "b")
        self.refused(chimaera.NotFound, ["'inventroy'", "pool list"], getattr, self.client.pool("inventroy"), "get")

    def test_types(self):
        self.refused(TypeError, ["field 'key'", "expected string, got int"], self.store.get, 3)
        self.refused(TypeError, ["field 'value'", "expected bytes, got str"], self.store.put, "a", "b")
        self.refused(TypeError, ["field 'keys_only'", "bool"], self.store.scan, "", 1, "", 1)
        self.refused(TypeError, ["field 'limit'", "u32"], self.store.scan, "", 1.5)
        self.refused(ValueError, ["field 'limit'", "out of range"], self.store.scan, "", -1)
        self.refused(ValueError, ["field 'limit'", "4294967295"], self.store.scan, "", 1 << 32)
        self.refused(ValueError, ["field 'size'", "out of range"], self.small.read, 1 << 64)
        self.refused(TypeError, ["records"], self.store.on(chimaera.container(0)).put_many, "abc")
        self.refused(BufferError, ["field 'value'", "contiguous"], self.store.put, "a", memoryview(b"abcdef")[::2])

    def test_what_the_module_refuses(self):
        self.refused(chimaera.InvalidArgument, ["1 to 4096 bytes"], self.store.put, "", b"")
        self.refused(chimaera.NotFound, ["container", "9"], self.store.on(chimaera.container(9)).count)
        self.refused(ValueError, ["everywhere"], self.store.on, "everywhere")
        self.refused(ValueError, ["urgent"], self.store.with_priority, "urgent")
        self.refused(ValueError, ["below 0"], self.store.with_deadline, -1)

    def test_deadlines(self):
        with self.assertRaises(TimeoutError) as raised:
            self.small.with_deadline(0.05).nap(microseconds=10_000_000)
        self.assertIsInstance(raised.exception, chimaera.DeadlineExceeded)

    def test_without_a_daemon(self):
        self.refused(chimaera.Unavailable, ["nobody", "chimaera start"], chimaera.connect, "nobody")
        self.refused(chimaera.Unavailable, [], chimaera.connect, socket=self.folder / "none.sock")
        self.refused(chimaera.InvalidArgument, ["../x"], chimaera.connect, "../x")

    def test_a_closed_client(self):
        method = self.store.get
        self.client.close()
        self.client.close()
        self.assertTrue(self.client.closed)
        self.refused(chimaera.FailedPrecondition, ["closed", "connect()"], method, "a")
        self.refused(chimaera.FailedPrecondition, ["closed"], self.client.pools)


class Queries(WithDaemon):
    def test_one_and_several(self):
        for i in range(50):
            self.store.put(f"q {i}", b"x")
        each = [self.store.on(chimaera.container(i)).count().count for i in range(4)]
        self.assertEqual(self.store.count().count, sum(each))
        self.assertEqual(self.store.on(chimaera.all()).count().count, sum(each))
        self.assertEqual(self.store.on(chimaera.range(1, 2)).count().count, each[1] + each[2])
        self.assertEqual(self.store.on("range:1-2").count().count, each[1] + each[2])
        self.assertIn(self.store.on(chimaera.any()).count().count, each)
        self.assertEqual(self.store.on(chimaera.local()).count().count, sum(each))
        self.assertEqual(self.store.on(chimaera.hash("q 7")).get("q 7").value, b"x")
        self.assertEqual(chimaera.all(), chimaera.all())
        self.assertNotEqual(chimaera.all(), chimaera.any())

    def test_replies_of_each(self):
        replies = self.small.on(chimaera.all()).md()
        self.assertEqual([(r.container, r.reply.value, r.ok) for r in replies], [(i, 1, True) for i in range(3)])
        self.assertTrue(replies.complete)

    def test_failures_are_told(self):
        replies = self.store.on(chimaera.all()).put_many([{"key": "apple", "value": b"red"}])
        self.assertEqual((len(replies), len(replies.failures), replies.complete), (4, 3, False))
        for each in replies:
            self.assertEqual(each.reply is None, each.error is not None)
            if each.error:
                self.assertIsInstance(each.error, chimaera.InvalidArgument)
                self.assertEqual(each.error.where, f"store/{each.container}")

    def test_a_merge_that_is_not_whole(self):
        with self.assertRaises(chimaera.InvalidArgument) as raised:
            self.store.match("(")
        self.assertEqual(len(raised.exception.failures), 4)
        self.assertIn("failed in containers 0 1 2 3", str(raised.exception))

    def test_fire_and_forget(self):
        self.assertIsNone(self.store.fire_and_forget.put("forgotten", b"y"))
        self.client.flush()
        self.assertEqual(self.store.with_priority("high_throughput").get("forgotten").value, b"y")


class Pools(WithDaemon):
    def test_a_life_of_a_pool(self):
        made = self.client.create_pool("life", module="kv", containers=2, mode=0o640, config={"max_bytes": 300})
        record = {p.name: p for p in self.client.pools()}["life"]
        self.assertEqual((record.module, record.containers, record.mode), ("kv", 2, 0o640))
        with self.assertRaises(chimaera.ResourceExhausted):
            made.put("a", bytes(500))
        with self.assertRaises(chimaera.AlreadyExists):
            self.client.create_pool("life", module="kv", containers=2)
        self.client.create_pool("life", module="kv", containers=2, if_absent=True)
        self.client.destroy_pool("life")
        with self.assertRaises(chimaera.NotFound):
            made.get("a")

    def test_a_pool_of_another_module_under_the_same_name(self):
        pool = self.client.create_pool("changing", module="kv")
        count = pool.count
        self.assertEqual(count().count, 0)
        self.client.destroy_pool("changing")
        self.client.create_pool("changing", module="small_message")
        self.assertEqual(self.client.pool("changing").md().value, 1)
        with self.assertRaises(chimaera.NotFound):
            count()

    def test_what_cannot_be_made(self):
        with self.assertRaisesRegex(TypeError, "max_bites.*did you mean 'max_bytes'"):
            self.client.create_pool("bad", module="kv", config={"max_bites": 1})
        with self.assertRaises(chimaera.NotFound):
            self.client.create_pool("bad", module="nothing")
        with self.assertRaises(chimaera.NotFound):
            self.client.destroy_pool("bad")

    def test_administration(self):
        status = self.client.admin.status()
        self.assertIn("store", [p.name for p in status.pools])
        self.assertGreater(status.pid, 0)


class Objects(WithDaemon):
    def test_records_are_values(self):
        self.store.put("r", b"1")
        one, two = self.store.get("r"), self.store.get("r")
        self.assertEqual(one, two)
        self.assertEqual(hash(one), hash(two))
        self.assertNotEqual(one, self.store.get("none"))
        self.assertEqual(repr(one), "GetReply(value=b'1')")
        self.assertEqual(chimaera.asdict(self.store.scan("r")),
                         {"records": [{"key": "r", "value": b"1"}], "more": False, "limit": 100})
        with self.assertRaisesRegex(AttributeError, "does not change"):
            one.value = b"2"
        self.assertEqual(pickle.loads(pickle.dumps(one)), one)
        self.assertEqual(copy.deepcopy(one), one)

    def test_methods_describe_themselves(self):
        self.assertEqual(list(inspect.signature(self.store.scan).parameters), ["prefix", "limit", "after", "keys_only"])
        self.assertIn("Changes the state.", self.store.put.__doc__)
        self.assertIn("put_many", dir(self.store))
        self.assertEqual(repr(self.store), "<chimaera.Pool 'store'>")
        self.assertIn("get(key", repr(self.store.get))

    def test_each_thread_gets_its_own_answers(self):
        wrong = []

        def work(number):
            for i in range(200):
                key = f"thread {number} {i}"
                self.store.put(key, key.encode())
                if self.store.get(key).value != key.encode():
                    wrong.append(key)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()

# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Every type that a field may have, to a module and back."""
import array
import ctypes
import itertools
import math
import unittest

import chimaera
from daemon import WithDaemon


class Types(WithDaemon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with chimaera.connect() as client:
            client.create_pool("types", module="all_types")

    def setUp(self):
        super().setUp()
        self.echo = self.client.pool("types").echo
        self.defaults = self.echo().all  # of a request without fields

    def back(self, **fields):
        """What comes back for these fields, in place of the defaults."""
        return self.echo({**{name: getattr(self.defaults, name) for name in self.defaults.__slots__}, **fields}).all

    def both_ways(self, name, *values):
        for value in values:
            self.assertEqual(getattr(self.back(**{name: value}), name), value)

    def refused(self, exception, parts, /, **fields):
        with self.assertRaises(exception) as raised:
            self.back(**fields)
        for word in parts:
            self.assertIn(word, str(raised.exception))

    def test_defaults_of_what_is_left_out(self):
        expected = {
            "flag": True, "small": -3, "large": (1 << 64) - 1, "single": 0.5, "real": 0.1, "text": "text",
            "data": b"data", "color": "blue", "maybe": None, "place": {"x": 1, "y": 2}, "words": ["a", "b"],
            "numbers": [1, 2.5], "triple": [1, 2, 3], "pair": ("p", 9), "ages": {"ann": 30},
            "odd": [([1, 2], True)], "set": [-1, 1], "points": [{"x": 3, "y": 4}]}
        got = chimaera.asdict(self.defaults)
        places = {(key.x, key.y): value for key, value in got.pop("places").items()}
        self.assertEqual(got, expected)
        self.assertEqual(places, {(0, 1): "here"})
        self.assertEqual(self.echo({"flag": False, "small": 5}).all.small, 5)
        self.assertEqual(self.echo({"flag": False}).all.points, self.defaults.points)

    def test_a_whole_record_goes_back_in(self):
        self.assertEqual(self.echo(self.defaults).all, self.defaults)
        self.assertEqual(self.echo(all=self.defaults).all, self.defaults)

    def test_numbers(self):
        self.both_ways("small", -128, 127, 0)
        self.both_ways("large", 0, 1 << 63, (1 << 64) - 1)
        self.both_ways("real", 0.0, -1e308, 5e-324, math.inf, -math.inf)
        self.assertTrue(math.isnan(self.back(real=math.nan).real))
        self.refused(ValueError, ["all.small", "128", "-128"], small=128)
        self.refused(ValueError, ["all.large"], large=-1)
        self.refused(ValueError, ["all.large"], large=1 << 64)
        self.refused(ValueError, ["all.small"], small=-(1 << 70))
        self.refused(ValueError, ["all.single", "f32"], single=1e39)
        self.refused(TypeError, ["all.real", "str"], real="1")
        self.refused(TypeError, ["all.small", "float"], small=1.0)

    def test_text_and_bytes(self):
        self.both_ways("text", "", "日本", "\0", "\udcff")
        self.both_ways("data", b"", bytes(range(256)) * 10)
        self.refused(TypeError, ["all.text", "bytes"], text=b"a")

    def test_enums(self):
        self.both_ways("color", "red", "blue", 3)  # one without a name
        self.assertEqual(self.back(color=1).color, "red")
        self.refused(ValueError, ["all.color", "'gren'"], color="gren")
        self.refused(ValueError, ["all.color"], color=256)

    def test_optionals(self):
        self.both_ways("maybe", None, 0, 7)
        self.assertIsNone(self.back(place=None).place)
        self.assertEqual(self.back(place={"x": 5, "y": 6}).place.y, 6)
        self.assertEqual(self.back(place={"x": 5}).place.y, 0)
        self.refused(TypeError, ["all.place", "'z'"], place={"x": 5, "z": 6})

    def test_lists_and_arrays(self):
        self.both_ways("words", [], ["x"] * 1000)
        self.assertEqual(self.back(words=(w for w in ("x", "y"))).words, ["x", "y"])
        self.both_ways("triple", [7, 8, 9])
        self.both_ways("pair", ("q", 65535))
        self.assertEqual(self.back(set={3, 1, 2}).set, [1, 2, 3])
        self.refused(ValueError, ["all.triple", "3 elements, got 2"], triple=[1, 2])
        self.refused(TypeError, ["all.words[1]", "string"], words=["a", 2])
        self.refused(TypeError, ["all.words"], words="abc")
        self.refused(TypeError, ["all.words"], words=5)

    def test_arrays_of_numbers(self):
        numbers = array.array("d", [0.1 * i for i in range(10_000)])
        self.assertEqual(self.back(numbers=numbers).numbers, list(numbers))
        self.assertEqual(self.back(numbers=memoryview(numbers)[10:20]).numbers, list(numbers[10:20]))
        self.assertEqual(self.back(numbers=memoryview(numbers)[::2]).numbers, list(numbers[::2]))
        self.assertEqual(self.back(numbers=array.array("f", [0.5, 2])).numbers, [0.5, 2])  # one by one
        self.assertEqual(self.back(numbers=array.array("q", [1, -2])).numbers, [1, -2])
        self.assertEqual(self.back(triple=array.array("i", [4, 5, -6])).triple, [4, 5, -6])
        self.refused(ValueError, ["all.triple"], triple=array.array("i", [4, 5]))

    def test_maps(self):
        self.both_ways("ages", {}, {"bob": 1, "eve": 2})
        self.assertEqual(self.back(ages=[("bob", 1)]).ages, {"bob": 1})
        self.both_ways("odd", [([1], False), ([2, 3], True)])
        key = next(iter(self.defaults.places))
        self.assertEqual(self.back(places={key: "there"}).places, {key: "there"})
        self.refused(ValueError, ["all.ages['bob']", "out of range"], ages={"bob": -1})
        self.refused(TypeError, ["all.ages"], ages=["bob"])
        self.refused(TypeError, ["all.ages"], ages=5)

    def test_lists_of_aggregates(self):
        points = [{"x": i, "y": -i} for i in range(100)]
        self.assertEqual([(p.x, p.y) for p in self.back(points=points).points], [(i, -i) for i in range(100)])
        self.refused(TypeError, ["all.points[0]"], points=[5])

    def test_what_is_a_truth_value_in_memory_is_a_bool(self):
        self.assertIs(self.back(flag=ctypes.c_bool(False)).flag, False)
        self.assertIs(self.back(flag=ctypes.c_bool(True)).flag, True)
        for value in (0, 1, None, "", ctypes.c_uint8(1), (ctypes.c_bool * 1)(True), array.array("b", [1])):
            self.refused(TypeError, ["all.flag", "bool"], flag=value)

    def test_addresses_are_no_bytes(self):
        class Name(ctypes.Structure):
            _fields_ = [("length", ctypes.c_int), ("text", ctypes.c_char_p)]

        class Packed(ctypes.Structure):
            _pack_ = 1
            _fields_ = [("tag", ctypes.c_byte), ("name", Name * 2)]

        class Derived(Packed):
            _fields_ = [("more", ctypes.c_int)]

        class Either(ctypes.Union):
            _fields_ = [("number", ctypes.c_int), ("where", ctypes.POINTER(ctypes.c_int))]

        function = ctypes.CFUNCTYPE(None)(lambda: None)
        for value in ((ctypes.c_char_p * 1)(b"a"), (ctypes.c_wchar_p * 1)("a"), ctypes.c_void_p(1), ctypes.py_object(1),
                      ctypes.pointer(ctypes.c_int(1)), Name(), Packed(), Derived(), Either(), memoryview(Either()),
                      function):
            self.refused(TypeError, ["all.data", "addresses"], data=value)

        class Plain(ctypes.Union):
            _pack_ = 1
            _fields_ = [("O", ctypes.c_int16), ("P", ctypes.c_int8 * 2)]

        class Letters(ctypes.Structure):
            _fields_ = [("OPZ", ctypes.c_int16)]

        self.assertEqual(self.back(data=Plain(0x0201)).data, b"\1\2")
        self.assertEqual(self.back(data=Letters(0x0201)).data, b"\1\2")
        self.refused(BufferError, ["all.data", "contiguous"], data=memoryview(b"abcdef")[::2])

    def test_elements_without_a_size(self):
        class Nothing(ctypes.Structure):
            pass

        self.refused(TypeError, ["all.numbers[0]", "Nothing"], numbers=(Nothing * 3)())

    def test_what_an_object_raises_is_raised(self):
        class Own(BaseException):
            pass

        def fails(*_):
            raise exception("own")

        def generator():
            yield "a"
            fails()

        for exception in (ZeroDivisionError, TypeError, ValueError, MemoryError, KeyboardInterrupt, SystemExit, Own):
            def with_method(name):
                return type("Raises", (), {name: fails})()
            items = type("Raises", (), {"items": fails, "keys": fails})()
            attribute = type("Raises", (), {"x": 1, "y": property(fails)})()
            no_items = type("Raises", (), {"items": property(fails)})()
            for fields in ({"words": generator()}, {"words": with_method("__iter__")},
                           {"real": with_method("__float__")},
                           {"small": with_method("__index__")}, {"real": with_method("__index__")}, {"ages": items},
                           {"ages": no_items}, {"place": attribute},
                           {"triple": [1, with_method("__index__"), 3]}):
                with self.subTest(exception=exception, field=next(iter(fields))):
                    with self.assertRaises(exception) as raised:
                        self.back(**fields)
                    self.assertEqual(str(raised.exception), "own")

    def test_a_container_changes_while_it_is_read(self):
        class Clears:
            """A number that takes away what it was found in."""
            def __init__(self, container):
                self.container = container

            def __index__(self):
                self.container.clear()
                self.others = [bytearray(64) for _ in range(100)]  # in the memory that has become free
                return 1

        class Two:
            def __index__(self):
                return 2

        for _ in range(50):
            place = {}
            place.update(x=Clears(place), y=Two())
            got = self.back(place=place).place
            self.assertEqual((got.x, got.y), (1, 2))
            triple = []
            triple += [Clears(triple), Two(), Two()]
            self.assertEqual(self.back(triple=triple).triple, [1, 2, 2])
            ages = {}
            ages.update({"a" * 20: Clears(ages), "b" * 20: Two()})
            self.assertEqual(self.back(ages=ages).ages, {"a" * 20: 1, "b" * 20: 2})
            whole = {name: getattr(self.defaults, name) for name in self.defaults.__slots__}
            whole.update(small=Clears(whole), words=["w" * 50], text="t" * 100)
            got = self.echo(whole).all
            self.assertEqual((got.small, got.words, got.text), (1, ["w" * 50], "t" * 100))

    def test_a_name_clears_the_fields_it_stands_in(self):
        class Name(str):
            __hash__ = str.__hash__

            def __eq__(self, other):
                place.clear()
                return str.__eq__(self, other)

        for _ in range(50):
            place = {Name("x"): 10 ** 3 + 1, "y": 2}
            try:
                self.back(place=place)
            except (TypeError, RuntimeError):
                pass

        class Odd:
            def __str__(self):
                place.clear()
                return "odd"

        place = {"x": 1, Odd(): 2, "z": 3}
        self.refused(TypeError, ["all.place", "Odd"], place=place)

    def test_text_that_is_not_utf_8_names_no_value(self):
        self.refused(ValueError, ["all.color"], color="\udcff")
        self.refused(TypeError, ["all.place"], place={"\udcff": 1})

    def test_ctrl_c_ends_an_endless_iterator(self):
        import os
        import signal
        import threading
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        with self.assertRaises(KeyboardInterrupt):
            self.back(words=itertools.repeat("a"))


if __name__ == "__main__":
    unittest.main()

# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Every type that a field may have, to a module and back."""
import array
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


if __name__ == "__main__":
    unittest.main()

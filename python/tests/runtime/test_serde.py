# SPDX-License-Identifier: Apache-2.0
import collections
import dataclasses
import datetime as dt
import enum
import json
import unittest
import uuid
import zoneinfo
from decimal import Decimal

import harness

harness.add_site_packages()

from leoflow.runtime import serde  # noqa: E402
from leoflow.runtime.datetimes import DateTime  # noqa: E402

UTC = dt.timezone.utc


def trip(value):
    return serde.decode(json.loads(json.dumps(serde.encode(value), allow_nan=False)))


def wrap(name, data, version=1):
    return {"__classname__": name, "__version__": version, "__data__": data}


@dataclasses.dataclass
class Point:
    x: int
    y: tuple


class Colour(enum.Enum):
    RED = "red"


class Encoding(unittest.TestCase):
    def test_wrappers_are_those_of_airflow(self):
        zone = wrap("builtins.tuple", ["UTC", "pendulum.tz.timezone.FixedTimezone", 1, True])
        cases = [
            ((1, "two", 3.0), wrap("builtins.tuple", [1, "two", 3.0])),
            ({42}, wrap("builtins.set", [42])),
            (frozenset((1,)), wrap("builtins.frozenset", [1])),
            (dt.date(2024, 2, 29), wrap("datetime.date", "2024-02-29", 2)),
            (
                dt.timedelta(days=1, seconds=2, microseconds=3),
                wrap("datetime.timedelta", 86402.000003, 2),
            ),
            (Decimal("12.340"), wrap("decimal.Decimal", 12.34)),
            (
                dt.datetime(2024, 2, 29, 23, 59, 58, 123456, UTC),
                wrap("datetime.datetime", {"timestamp": 1709251198.123456, "tz": zone}, 2),
            ),
            ({1: "one"}, {"1": "one"}),
        ]
        for value, expected in cases:
            with self.subTest(value=value):
                self.assertEqual(expected, serde.encode(value))

    def test_values_that_come_back_the_same(self):
        aware = dt.datetime(2024, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Zurich"))
        values = [
            None,
            True,
            2**60,
            -1.5e-7,
            "Zürich 🚀",
            [1, [2, {"a": None}]],
            (1, (2,)),
            {1, 2},
            frozenset("ab"),
            dt.date(2024, 2, 29),
            dt.timedelta(days=-1, microseconds=7),
            aware,
            uuid.UUID(int=5),
            dt.datetime(2024, 1, 1, 3, 4, 5, 678901),
            Decimal("3"),
            DateTime(2024, 1, 1, tzinfo=UTC),
            Point(1, (2,)),
            dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
        ]
        for value in values:
            with self.subTest(value=value):
                back = trip(value)
                self.assertEqual(value, back)
                self.assertIs(type(value), type(back))

    def test_what_changes_changes_as_in_airflow(self):
        pair = collections.namedtuple("pair", "a b")
        self.assertEqual((tuple, (1, 2)), (type(trip(pair(1, 2))), trip(pair(1, 2))))
        self.assertEqual("Decimal('12.34')", repr(trip(Decimal("12.340"))))
        self.assertEqual("red", trip(Colour.RED))
        self.assertIsNone(trip(dt.datetime(2024, 1, 1)).tzinfo)

    def test_what_has_no_json_is_refused_by_name(self):
        for value, kind, text in [
            (float("inf"), ValueError, "inf"),
            (float("nan"), ValueError, "nan"),
            (b"x", TypeError, "bytes"),
            ((i for i in ()), TypeError, "generator"),
            ([object()], TypeError, "object"),
            (Decimal("NaN"), ValueError, "NaN"),
            ({"__classname__": 1}, ValueError, "__classname__"),
        ]:
            with self.subTest(value=value), self.assertRaisesRegex(kind, text):
                serde.encode(value)

    def test_a_value_that_contains_itself_is_refused(self):
        value = []
        value.append(value)
        with self.assertRaisesRegex(ValueError, "contains itself"):
            serde.encode(value)

    def test_decoding_never_imports_a_class(self):
        with self.assertRaisesRegex(TypeError, "turtle.Pen"):
            serde.decode(wrap("turtle.Pen", {}))
        with self.assertRaisesRegex(TypeError, "subprocess.Popen"):
            serde.decode(wrap("subprocess.Popen", {"args": ["true"]}))


if __name__ == "__main__":
    unittest.main()

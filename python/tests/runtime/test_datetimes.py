# SPDX-License-Identifier: Apache-2.0
import datetime as dt
import unittest

import harness

harness.add_site_packages()

from airflow.sdk import macros  # noqa: E402
from leoflow.runtime import dateparse  # noqa: E402
from leoflow.runtime.datetimes import UTC, DateTime, Interval  # noqa: E402

DATE = DateTime.parse("2024-02-29T13:05:09.250000Z")


class Dates(unittest.TestCase):
    def test_text_forms(self):
        self.assertEqual("2024-02-29 13:05:09.250000+00:00", str(DATE))
        self.assertEqual("2024-02-29T13:05:09.250000+00:00", DATE.isoformat())
        self.assertEqual("2024-02-29", DATE.to_date_string())
        self.assertEqual("2024-02-29 13:05:09", DATE.to_datetime_string())
        self.assertEqual("2024-02-29T13:05:09.250000Z", DATE.to_iso8601_string())
        self.assertEqual("Thu, Feb 29, 2024 1:05 PM", DATE.to_day_datetime_string())

    def test_format_tokens(self):
        self.assertEqual("Thursday 29th of February 24", DATE.format("dddd Do [of] MMMM YY"))
        self.assertEqual("01:05:09.250 PM +00:00 Q1 060", DATE.format("hh:mm:ss.SSS A Z [Q]Q DDDD"))

    def test_adding_months_keeps_to_the_month(self):
        self.assertEqual("2024-03-29", DATE.add(months=1).to_date_string())
        self.assertEqual("2025-02-28", DATE.add(years=1).to_date_string())
        self.assertEqual("2023-12-29", DATE.subtract(months=2).to_date_string())

    def test_hours_are_absolute_and_days_are_wall_time(self):
        before = DateTime(2024, 3, 30, 12, tzinfo=UTC).in_timezone("Europe/Zurich")
        self.assertEqual("2024-03-31T13:00:00+02:00", before.add(days=1).isoformat())
        self.assertEqual("2024-03-31T14:00:00+02:00", before.add(hours=24).isoformat())

    def test_units(self):
        self.assertEqual("2024-02-26 00:00:00+00:00", str(DATE.start_of("week")))
        self.assertEqual("2024-03-31 23:59:59.999999+00:00", str(DATE.end_of("quarter")))
        self.assertEqual("2020-01-01", DATE.start_of("decade").to_date_string())
        with self.assertRaisesRegex(ValueError, "fortnight"):
            DATE.start_of("fortnight")

    def test_arithmetic_keeps_the_type(self):
        self.assertIsInstance(DATE + dt.timedelta(days=1), DateTime)
        self.assertIsInstance(DATE - DATE, Interval)
        self.assertEqual(dt.timedelta(days=3), DATE.add(days=3) - DATE)
        self.assertEqual(2, DATE.diff(DATE.subtract(days=2, hours=3)).in_days())

    def test_humans(self):
        self.assertEqual("3 days before", DATE.diff_for_humans(DATE.add(days=3)))
        self.assertEqual(
            "1 month after",
            macros.datetime_diff_for_humans(dt.datetime(2024, 2, 1), dt.datetime(2024, 1, 1)),
        )


class Macros(unittest.TestCase):
    def test_dates(self):
        self.assertEqual("2024-02-24", macros.ds_add("2024-02-29", -5))
        self.assertEqual("29.02.24", macros.ds_format("2024-02-29", "%Y-%m-%d", "%d.%m.%y"))

    def test_modules_appear_on_use(self):
        self.assertEqual("00000000-0000-0000-0000-000000000005", str(macros.uuid.UUID(int=5)))
        self.assertLess(macros.random(), 1)
        self.assertEqual(6, macros.dateutil.parser.parse("2024-05-06").day)
        with self.assertRaises(AttributeError):
            macros.os


class SmallDateutil(unittest.TestCase):
    def test_common_forms(self):
        expected = dt.datetime(2024, 5, 6)
        for text in (
            "2024-05-06",
            "2024/5/6",
            "20240506",
            "05/06/2024",
            "6 May 2024",
            "May 6, 2024",
            "Mon, 6 May 2024",
            "5/6/24",
            "2024-05-06 00:00",
        ):
            with self.subTest(text=text):
                self.assertEqual(expected, dateparse.parse(text, default=dt.datetime(2000, 1, 1)))

    def test_clock_and_zone(self):
        self.assertEqual(
            dt.datetime(2024, 5, 6, 19, 8, 9, 500000, UTC),
            dateparse.parse("2024-05-06T19:08:09.5Z"),
        )
        self.assertEqual(
            dt.timedelta(hours=-3, minutes=-30),
            dateparse.parse("2024-05-06 7:08 PM -03:30").utcoffset(),
        )
        self.assertEqual(dt.datetime(2024, 5, 6, 13, 5, 9), dateparse.parse("20240506T130509"))

    def test_nonsense_is_refused(self):
        for text in ("", "soon", "2024-05-06 noon"):
            with self.subTest(text=text), self.assertRaises(ValueError):
                dateparse.parse(text)



class OlderPython(unittest.TestCase):
    """Python 3.10, whose datetime reads less."""

    def test_instants_of_the_server_are_read(self):
        class Old(DateTime):
            @classmethod
            def fromisoformat(cls, text):
                if text.endswith("Z"):
                    raise ValueError(f"Invalid isoformat string: {text!r}")
                return super().fromisoformat(text)

        self.assertEqual(Old.parse("2026-01-02T03:04:05.000006Z").isoformat(),
                         "2026-01-02T03:04:05.000006+00:00")


if __name__ == "__main__":
    unittest.main()

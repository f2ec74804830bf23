# SPDX-License-Identifier: Apache-2.0
"""The date type of the task context: a datetime with the methods of pendulum that DAGs and
templates use."""

import datetime as _datetime

UTC = _datetime.timezone.utc
DAYS_OF_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century")


class Interval(_datetime.timedelta):
    """The time between two dates: a timedelta that can say itself in whole units."""

    @classmethod
    def between(cls, start, end):
        gap = _datetime.datetime.__sub__(end, start)
        interval = cls(gap.days, gap.seconds, gap.microseconds)
        interval.start, interval.end = start, end
        return interval

    def total_minutes(self):
        return self.total_seconds() / 60

    def total_hours(self):
        return self.total_seconds() / 3600

    def total_days(self):
        return self.total_seconds() / 86400

    def total_weeks(self):
        return self.total_seconds() / 604800

    def in_seconds(self):
        return int(self.total_seconds())

    def in_minutes(self):
        return int(self.total_minutes())

    def in_hours(self):
        return int(self.total_hours())

    def in_days(self):
        return int(self.total_days())

    def in_weeks(self):
        return int(self.total_weeks())

    def in_months(self):
        low, high, sign = (
            (self.start, self.end, 1) if self.start <= self.end else (self.end, self.start, -1)
        )
        months = (high.year - low.year) * 12 + high.month - low.month
        while DateTime.of(low).add(months=months) > high:
            months -= 1
        return sign * months

    def in_years(self):
        months = self.in_months()
        return months // 12 if months >= 0 else -(-months // 12)

    def in_words(self):
        from leoflow.runtime.dateformat import words

        return words(self.total_seconds())

    def as_timedelta(self):
        return _datetime.timedelta(self.days, self.seconds, self.microseconds)


class DateTime(_datetime.datetime):
    """A datetime; str() gives "2024-02-29 13:05:09.250000+00:00"."""

    @classmethod
    def parse(cls, text):
        """The instant `text` (ISO 8601) names; without a zone it is UTC. Raises ValueError."""
        # Python 3.10 knows no Z.
        value = cls.fromisoformat(text[:-1] + "+00:00" if text[-1:] in ("Z", "z") else text)
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)

    @classmethod
    def of(cls, value):
        """`value`, any datetime, as a DateTime."""
        if isinstance(value, cls):
            return value
        return cls.combine(value.date(), value.timetz())

    def add(
        self, years=0, months=0, weeks=0, days=0, hours=0, minutes=0, seconds=0, microseconds=0
    ):
        """Months and years keep the day where the month has it, else its last day."""
        month = self.month - 1 + months + 12 * years
        year, month = self.year + month // 12, month % 12 + 1
        day = min(self.day, _days_of_month(year, month))
        moved = self.replace(year=year, month=month, day=day) + _datetime.timedelta(
            days=days, weeks=weeks
        )
        rest = _datetime.timedelta(
            hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds
        )
        if not rest or moved.tzinfo is None:
            return moved + rest
        return (moved.astimezone(UTC) + rest).astimezone(moved.tzinfo)

    def subtract(
        self, years=0, months=0, weeks=0, days=0, hours=0, minutes=0, seconds=0, microseconds=0
    ):
        return self.add(-years, -months, -weeks, -days, -hours, -minutes, -seconds, -microseconds)

    def __sub__(self, other):
        if isinstance(other, _datetime.datetime):
            return Interval.between(other, self)
        return super().__sub__(other)

    def diff(self, other=None, abs=True):
        other = self.now(self.tzinfo) if other is None else other
        forward = not abs or other >= self
        return Interval.between(self, other) if forward else Interval.between(other, self)

    def diff_for_humans(self, other=None, absolute=False):
        from leoflow.runtime.dateformat import humans

        reference = self.now(self.tzinfo or UTC) if other is None else other
        return humans(
            _datetime.datetime.__sub__(self, reference).total_seconds(), other is None, absolute
        )

    def in_timezone(self, tz):
        return self.astimezone(zone(tz))

    in_tz = in_timezone

    def naive(self):
        return self.replace(tzinfo=None)

    def set(
        self,
        year=None,
        month=None,
        day=None,
        hour=None,
        minute=None,
        second=None,
        microsecond=None,
        tz=None,
    ):
        parts = {"year": year, "month": month, "day": day, "hour": hour, "minute": minute}
        parts.update(
            second=second, microsecond=microsecond, tzinfo=None if tz is None else zone(tz)
        )
        return self.replace(**{name: part for name, part in parts.items() if part is not None})

    def on(self, year, month, day):
        return self.replace(year=year, month=month, day=day)

    def at(self, hour, minute=0, second=0, microsecond=0):
        return self.replace(hour=hour, minute=minute, second=second, microsecond=microsecond)

    def start_of(self, unit):
        """The first moment of the second, minute, hour, day, week (Monday), month, quarter, year,
        decade, century."""
        _check_unit(unit)
        if unit in UNITS[:3]:
            fields = {"second": {}, "minute": {"second": 0}, "hour": {"minute": 0, "second": 0}}[
                unit
            ]
            return self.replace(microsecond=0, **fields)
        day = self.at(0)
        if unit == "day":
            return day
        if unit == "week":
            return day.add(days=-self.weekday())
        month = {"month": self.month, "quarter": 3 * (self.quarter - 1) + 1}.get(unit, 1)
        year = {
            "decade": self.year - self.year % 10,
            "century": self.year - 1 - (self.year - 1) % 100 + 1,
        }
        return day.replace(year=year.get(unit, self.year), month=month, day=1)

    def end_of(self, unit):
        """The last microsecond of the unit."""
        steps = {"quarter": {"months": 3}, "decade": {"years": 10}, "century": {"years": 100}}
        _check_unit(unit)
        return self.start_of(unit).add(**steps.get(unit, {unit + "s": 1})).subtract(microseconds=1)

    def first_of(self, unit):
        return self.start_of(unit)

    def last_of(self, unit):
        return self.end_of(unit).at(0)

    def next(self, day_of_week=None):
        wanted = self.weekday() if day_of_week is None else int(day_of_week)
        return self.at(0).add(days=(wanted - self.weekday() - 1) % 7 + 1)

    def previous(self, day_of_week=None):
        wanted = self.weekday() if day_of_week is None else int(day_of_week)
        return self.at(0).subtract(days=(self.weekday() - wanted - 1) % 7 + 1)

    def to_date_string(self):
        return self.strftime("%Y-%m-%d")

    def to_time_string(self):
        return self.strftime("%H:%M:%S")

    def to_datetime_string(self):
        return self.strftime("%Y-%m-%d %H:%M:%S")

    def to_formatted_date_string(self):
        return self.format("MMM DD, YYYY")

    def to_day_datetime_string(self):
        return self.format("ddd, MMM D, YYYY h:mm A")

    def to_atom_string(self):
        return self.replace(microsecond=0).isoformat()

    to_w3c_string = to_atom_string

    def to_rfc3339_string(self):
        return self.isoformat()

    def to_iso8601_string(self):
        text = self.isoformat()
        return text[:-6] + "Z" if self.timezone_name == "UTC" and text.endswith("+00:00") else text

    def to_rfc2822_string(self):
        return self.format("ddd, DD MMM YYYY HH:mm:ss ZZ")

    def format(self, fmt):
        from leoflow.runtime.dateformat import format_date

        return format_date(self, fmt)

    @property
    def timezone(self):
        return self.tzinfo

    tz = timezone

    @property
    def timezone_name(self):
        return None if self.tzinfo is None else getattr(self.tzinfo, "key", None) or self.tzname()

    @property
    def offset(self):
        gap = self.utcoffset()
        return None if gap is None else int(gap.total_seconds())

    @property
    def offset_hours(self):
        return None if self.offset is None else self.offset / 3600

    @property
    def int_timestamp(self):
        return int(self.timestamp() // 1)

    @property
    def float_timestamp(self):
        return self.timestamp()

    @property
    def day_of_week(self):
        return self.weekday()

    @property
    def day_of_year(self):
        return self.timetuple().tm_yday

    @property
    def week_of_year(self):
        return self.isocalendar()[1]

    @property
    def week_of_month(self):
        return (self.day + self.replace(day=1).weekday() - 1) // 7 + 1

    @property
    def days_in_month(self):
        return _days_of_month(self.year, self.month)

    @property
    def quarter(self):
        return (self.month - 1) // 3 + 1

    def is_leap_year(self):
        return _is_leap(self.year)

    def is_past(self):
        return self < self.now(self.tzinfo)

    def is_future(self):
        return self > self.now(self.tzinfo)

    def is_utc(self):
        return self.offset == 0


def _is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_of_month(year, month):
    """As in the module calendar, which takes as long to import as all of this one."""
    return 29 if month == 2 and _is_leap(year) else DAYS_OF_MONTHS[month - 1]


def zone(tz):
    """The tzinfo of a name ("Europe/Rome"), an offset in hours, or a tzinfo. Raises for an unknown
    name."""
    if isinstance(tz, _datetime.tzinfo):
        return tz
    if isinstance(tz, (int, float)):
        return _datetime.timezone(_datetime.timedelta(hours=tz))
    if tz.upper() == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(tz)


def _check_unit(unit):
    if unit not in UNITS:
        raise ValueError(f"{unit!r} is no unit of time; known are {', '.join(UNITS)}")

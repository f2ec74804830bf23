# SPDX-License-Identifier: Apache-2.0
"""A small `dateutil` for macros.dateutil where python-dateutil is not installed: parser.parse,
parser.isoparse, tz."""

import datetime
import re
from types import SimpleNamespace

MONTHS = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
MONTH = r"(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
CLOCK = re.compile(
    r"[t ]?\s*(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<half>am|pm)?"
    r"\s*(?P<tz>z|utc|gmt|[+-]\d{2}:?\d{2}|[+-]\d{2})?",
    re.I,
)
DATES = [
    re.compile(pattern, re.I)
    for pattern in (
        r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?=$|t|\s)",
        r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<y>\d{4}|\d{2})",
        r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[ -]" + MONTH + r"[ -,]*(?P<y>\d{4})",
        MONTH + r"\s*(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})",
        r"(?P<y>\d{4})-(?P<m>\d{1,2})(?=$|\s)",
    )
]
BASIC_CLOCK = re.compile(
    r"t(?P<h>\d{2})(?P<mi>\d{2})(?P<s>\d{2})?(?P<tz>z|[+-]\d{2}:?\d{2})?", re.I
)
WEEKDAY = re.compile(
    r"\b(mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(day)?\b,?\s*", re.I
)


def parse(timestr, default=None, dayfirst=False, ignoretz=False):
    """The date `timestr` says; parts it leaves out come from `default` (today at midnight). Raises
    ValueError."""
    text = WEEKDAY.sub("", str(timestr).strip())
    base = default or datetime.datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
    date = next((match for match in (pattern.match(text) for pattern in DATES) if match), None)
    if date is not None:
        base, text = _with_date(base, date.groupdict(), dayfirst), text[date.end() :].lstrip(" ,")
    clock = (CLOCK.fullmatch(text) or BASIC_CLOCK.fullmatch(text)) if text else None
    if (text and clock is None) or (date is None and clock is None):
        raise ValueError(f"Unknown string format: {timestr}")
    if clock is not None:
        base = _with_clock(base, clock.groupdict(), ignoretz)
    return base


def _with_date(base, parts, dayfirst):
    month = MONTHS[parts["mon"].lower()] if parts.get("mon") else int(parts["m"])
    day, year = int(parts.get("d") or base.day), int(parts["y"])
    if len(parts["y"]) == 2:
        year += 2000 if year < (datetime.date.today().year % 100) + 50 else 1900
    if len(parts["y"]) == 2 or month > 12 or dayfirst:
        month, day = (
            (day, month)
            if (dayfirst or month > 12) and not parts.get("mon") and day <= 12
            else (month, day)
        )
    return base.replace(year=year, month=month, day=day)


def _with_clock(base, parts, ignoretz):
    hour = int(parts["h"])
    if parts.get("half"):
        hour = hour % 12 + (12 if parts["half"].lower() == "pm" else 0)
    micro = int((parts.get("f") or "0").ljust(6, "0")[:6])
    value = base.replace(
        hour=hour, minute=int(parts["mi"]), second=int(parts["s"] or 0), microsecond=micro
    )
    if parts.get("tz") and not ignoretz:
        value = value.replace(tzinfo=_zone(parts["tz"]))
    return value


def _zone(text):
    if text.lower() in ("z", "utc", "gmt"):
        return datetime.timezone.utc
    digits = text[1:].replace(":", "").ljust(4, "0")
    gap = datetime.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return datetime.timezone(-gap if text[0] == "-" else gap)


def gettz(name=None):
    """The zone of that name, or None."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name) if name else datetime.datetime.now().astimezone().tzinfo
    except (ZoneInfoNotFoundError, ValueError):
        return None


dateutil = SimpleNamespace(
    parser=SimpleNamespace(parse=parse, isoparse=datetime.datetime.fromisoformat),
    tz=SimpleNamespace(UTC=datetime.timezone.utc, tzutc=lambda: datetime.timezone.utc, gettz=gettz),
)

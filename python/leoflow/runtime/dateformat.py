# SPDX-License-Identifier: Apache-2.0
"""Dates as text in pendulum's tokens, and spans of time in English words. Loaded only when a DAG
asks for it."""

import re

MONTHS = (
    "January February March April May June July August September October November December"
).split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
LONG_FORMS = {
    "LTS": "h:mm:ss A",
    "LT": "h:mm A",
    "L": "MM/DD/YYYY",
    "LL": "MMMM D, YYYY",
    "LLL": "MMMM D, YYYY h:mm A",
    "LLLL": "dddd, MMMM D, YYYY h:mm A",
}
TOKENS = re.compile(
    r"\[([^\[\]]*)\]|\\(.)|(LTS|LT|LLLL|LLL|LL|L|YYYY|YY|Y|MMMM|MMM|MM|Mo|M|DDDD|DDD|DD|Do|D|dddd|ddd|dd|do|d"
    r"|E|HH|H|hh|h|mm|m|ss|s|S{1,6}|A|a|Qo|Q|WW|Wo|W|ZZ|Z|zz|z|X|x)"
)
FIELDS = {
    "YYYY": lambda d: f"{d.year:04d}",
    "YY": lambda d: f"{d.year % 100:02d}",
    "Y": lambda d: str(d.year),
    "MMMM": lambda d: MONTHS[d.month - 1],
    "MMM": lambda d: MONTHS[d.month - 1][:3],
    "MM": lambda d: f"{d.month:02d}",
    "M": lambda d: str(d.month),
    "Mo": lambda d: ordinal(d.month),
    "DDDD": lambda d: f"{d.day_of_year:03d}",
    "DDD": lambda d: str(d.day_of_year),
    "DD": lambda d: f"{d.day:02d}",
    "D": lambda d: str(d.day),
    "Do": lambda d: ordinal(d.day),
    "dddd": lambda d: DAYS[d.weekday()],
    "ddd": lambda d: DAYS[d.weekday()][:3],
    "dd": lambda d: DAYS[d.weekday()][:2],
    "d": lambda d: str(d.isoweekday() % 7),
    "do": lambda d: ordinal(d.isoweekday() % 7),
    "E": lambda d: str(d.isoweekday()),
    "HH": lambda d: f"{d.hour:02d}",
    "H": lambda d: str(d.hour),
    "hh": lambda d: f"{d.hour % 12 or 12:02d}",
    "h": lambda d: str(d.hour % 12 or 12),
    "mm": lambda d: f"{d.minute:02d}",
    "m": lambda d: str(d.minute),
    "ss": lambda d: f"{d.second:02d}",
    "s": lambda d: str(d.second),
    "A": lambda d: "AM" if d.hour < 12 else "PM",
    "a": lambda d: "am" if d.hour < 12 else "pm",
    "Q": lambda d: str(d.quarter),
    "Qo": lambda d: ordinal(d.quarter),
    "WW": lambda d: f"{d.week_of_year:02d}",
    "W": lambda d: str(d.week_of_year),
    "Wo": lambda d: ordinal(d.week_of_year),
    "Z": lambda d: offset(d, ":"),
    "ZZ": lambda d: offset(d, ""),
    "z": lambda d: d.timezone_name or "",
    "zz": lambda d: d.tzname() or "",
    "X": lambda d: str(d.int_timestamp),
    "x": lambda d: str(int(d.timestamp() * 1000)),
}
SPANS = (
    ("year", 31536000),
    ("month", 2592000),
    ("week", 604800),
    ("day", 86400),
    ("hour", 3600),
    ("minute", 60),
)


def format_date(date, fmt):
    """`date` in the tokens of `fmt`; text in [brackets] and after a backslash stays."""

    def one(match):
        bracketed, escaped, token = match.groups()
        if token is None:
            return escaped if bracketed is None else bracketed
        if token in LONG_FORMS:
            return format_date(date, LONG_FORMS[token])
        if token[0] == "S":
            return f"{date.microsecond:06d}"[: len(token)]
        return FIELDS[token](date)

    return TOKENS.sub(one, fmt)


def ordinal(number):
    ending = (
        "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def offset(date, separator):
    seconds = date.offset or 0
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}{separator}{minutes:02d}"


def words(seconds):
    """Every unit that is not zero: "1 week 2 days 3 hours"."""
    rest, parts = abs(int(seconds)), []
    for name, size in SPANS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(count_of(count, name))
    if rest or not parts:
        parts.append(count_of(rest, "second"))
    return " ".join(parts)


def humans(seconds, to_now, absolute=False):
    """The largest unit only: "2 days ago", "in 3 hours", "1 week before"; to_now says which pair of
    words fits."""
    size = abs(int(seconds))
    name, unit = next((span for span in SPANS if size >= span[1]), ("second", 1))
    count = size // unit
    if name == "second" and count < 10:
        text = "a few seconds"
    else:
        text = count_of(count, name)
    if absolute:
        return text
    if to_now:
        return f"{text} ago" if seconds < 0 else f"in {text}"
    return f"{text} before" if seconds < 0 else f"{text} after"


def count_of(count, name):
    return f"{count} {name}" if count == 1 else f"{count} {name}s"

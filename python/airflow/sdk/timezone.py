# SPDX-License-Identifier: Apache-2.0
"""Moments with a zone."""
import datetime as _dt

utc = _dt.timezone.utc


def utcnow():
    """Now, in UTC."""
    return _dt.datetime.now(utc)


def is_localized(value):
    return value.utcoffset() is not None


def is_naive(value):
    return value.utcoffset() is None


def make_aware(value, timezone=None):
    """A naive moment with the zone (UTC by default) attached."""
    if is_localized(value):
        raise ValueError(f"make_aware expects a naive datetime, got {value}")
    return value.replace(tzinfo=timezone or utc)


def make_naive(value, timezone=None):
    """The wall time of a moment in the zone (UTC by default)."""
    if is_naive(value):
        raise ValueError("make_naive() cannot be applied to a naive datetime")
    return value.astimezone(timezone or utc).replace(tzinfo=None)


def convert_to_utc(value):
    if value is None:
        return None
    return value.replace(tzinfo=utc) if is_naive(value) else value.astimezone(utc)


def datetime(*args, **kwargs):
    """datetime.datetime in UTC unless a zone is given."""
    kwargs.setdefault("tzinfo", utc)
    return _dt.datetime(*args, **kwargs)


def parse(string, timezone=None):
    """A moment from ISO 8601 text; without a zone it is UTC."""
    # Python 3.10 does not know the Z.
    value = _dt.datetime.fromisoformat(string[:-1] + "+00:00" if string[-1:] in "zZ" else string)
    return value.replace(tzinfo=timezone or utc) if is_naive(value) else value

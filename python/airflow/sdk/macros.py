# SPDX-License-Identifier: Apache-2.0
"""What `macros` offers in templates. Modules behind it are imported when a template first uses
them."""

import time
from datetime import datetime, timedelta

__all__ = [
    "datetime",
    "timedelta",
    "dateutil",
    "time",
    "uuid",
    "random",
    "ds_add",
    "ds_format",
    "ds_format_locale",
    "datetime_diff_for_humans",
    "json",
]


def ds_add(ds, days):
    """The date `ds` (YYYY-MM-DD) moved by `days`."""
    if not days:
        return str(ds)
    return (datetime.strptime(str(ds), "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")


def ds_format(ds, input_format, output_format):
    """The date text `ds` in another strftime format."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)


def ds_format_locale(ds, input_format, output_format, locale=None):
    """Like ds_format with the tokens of Babel (EEEE dd MMMM y), in the language of `locale`; needs
    Babel installed."""
    try:
        from babel.dates import LC_TIME, format_datetime
    except ImportError:
        raise ModuleNotFoundError(
            "macros.ds_format_locale needs the package Babel\nhint: add babel to dependencies: in leoflow.yaml"
        ) from None
    return format_datetime(
        datetime.strptime(str(ds), input_format), format=output_format, locale=locale or LC_TIME
    )


def datetime_diff_for_humans(dt, since=None):
    """How long ago, or between the two: "2 days ago", "1 month after"."""
    from leoflow.runtime.datetimes import UTC, DateTime

    return _aware(dt, DateTime, UTC).diff_for_humans(
        None if since is None else _aware(since, DateTime, UTC)
    )


def _aware(value, kind, utc):
    value = kind.of(value)
    return value if value.tzinfo is not None else value.replace(tzinfo=utc)


def __getattr__(name):
    if name == "random":
        from random import random as value
    elif name == "uuid":
        import uuid as value
    elif name == "json":
        import json as value
    elif name == "dateutil":
        value = _dateutil()
    else:
        raise AttributeError(f"macros has no {name!r}")
    globals()[name] = value
    return value


def _dateutil():
    try:
        import dateutil
        import dateutil.parser
        import dateutil.relativedelta
        import dateutil.tz

        return dateutil
    except ImportError:
        from leoflow.runtime import dateparse

        return dateparse.dateutil

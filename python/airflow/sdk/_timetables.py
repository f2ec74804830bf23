# SPDX-License-Identifier: Apache-2.0
"""Schedules as data. The scheduler computes; these say what was asked for (`spec` is the dag.json
form)."""
from datetime import datetime, timedelta, timezone as _timezone

from airflow.sdk._zones import zone_name

PRESETS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0",
           "@monthly": "0 0 1 * *", "@quarterly": "0 0 1 */3 *", "@yearly": "0 0 1 1 *",
           "@annually": "0 0 1 1 *", "@midnight": "0 0 * * *"}


class BaseTimetable:
    """One way runs come about. `can_be_scheduled` is false when only people and the API start
    runs."""

    can_be_scheduled = True
    periodic = True
    summary = None
    description = None
    active_runs_limit = None

    def spec(self):
        """The schedule object of dag.json."""
        raise NotImplementedError

    def __eq__(self, other):
        return type(self) is type(other) and self.spec() == other.spec()

    __hash__ = None

    def __repr__(self):
        return f"{type(self).__name__}({self.summary})"


Timetable = BaseTimetable


class NullTimetable(BaseTimetable):
    """Manual runs only."""

    can_be_scheduled = periodic = False
    description = "Never, external triggers only"

    def spec(self):
        return {"kind": "none"}


class OnceTimetable(BaseTimetable):
    """One run, at the start date."""

    periodic = False
    summary = "@once"
    description = "Once, as soon as possible"

    def spec(self):
        return {"kind": "once"}


class ContinuousTimetable(BaseTimetable):
    """A new run as soon as the last one ended."""

    active_runs_limit = 1
    summary = "@continuous"
    description = "As frequently as possible, but only one run at a time."

    def spec(self):
        return {"kind": "continuous"}


def _cron(expression):
    if not isinstance(expression, str):
        raise TypeError(f"a cron expression must be a string, not {type(expression).__name__}")
    expression = PRESETS.get(expression, expression)
    if not 5 <= len(expression.split()) <= 7:
        from airflow.sdk.exceptions import AirflowTimetableInvalid
        raise AirflowTimetableInvalid(
            f"[{expression}] is not acceptable: a cron expression has five fields (minute hour "
            "day month weekday), optionally seconds and years")
    return expression


def _delta(value, name):
    if isinstance(value, timedelta):
        delta = value
    elif type(value).__name__ == "relativedelta":
        if value.years or value.months or any(getattr(value, f) is not None
                                              for f in ("year", "month", "day", "weekday")):
            from airflow.sdk._unsupported import not_supported
            raise not_supported(
                f"a schedule of {value!r} (months and years have no fixed length; use a cron "
                "expression)")
        delta = timedelta(days=value.days, hours=value.hours, minutes=value.minutes,
                          seconds=value.seconds, microseconds=value.microseconds)
    else:
        raise TypeError(f"{name} must be a timedelta, not {type(value).__name__}")
    return delta


def _positive(value, name):
    delta = _delta(value, name)
    if delta <= timedelta():
        raise ValueError(f"{name} must be positive, not {delta}")
    return delta


def _immediately(value):
    if isinstance(value, timedelta):
        return {"run_immediately": "window", "immediately_window": value.total_seconds()}
    return {"run_immediately": "yes"} if value is True else {}


class CronTriggerTimetable(BaseTimetable):
    """A run at each tick; its data interval is the `interval` before the tick."""

    def __init__(self, cron, *, timezone, interval=timedelta(), run_immediately=False):
        self.cron = self.expression = self.summary = _cron(cron)
        self.timezone = zone_name(timezone)
        self.interval = _delta(interval, "interval")
        self.run_immediately = run_immediately

    def spec(self):
        return {"kind": "cron_trigger", "crons": [self.cron], "timezone": self.timezone,
                "interval": self.interval.total_seconds(), **_immediately(self.run_immediately)}


class CronDataIntervalTimetable(BaseTimetable):
    """A run at the end of each interval between two ticks."""

    def __init__(self, cron, timezone):
        self.cron = self.expression = self.summary = _cron(cron)
        self.timezone = zone_name(timezone)

    def spec(self):
        return {"kind": "cron_interval", "crons": [self.cron], "timezone": self.timezone}


class MultipleCronTriggerTimetable(BaseTimetable):
    """A run at each tick of any of the expressions."""

    def __init__(self, *crons, timezone, interval=timedelta(), run_immediately=False):
        if not crons:
            raise ValueError("cron expression required")
        self.crons = [_cron(cron) for cron in crons]
        self.summary = ", ".join(self.crons)
        self.timezone = zone_name(timezone)
        self.interval = _delta(interval, "interval")
        self.run_immediately = run_immediately

    def spec(self):
        return {"kind": "multiple_cron_trigger", "crons": self.crons, "timezone": self.timezone,
                "interval": self.interval.total_seconds(), **_immediately(self.run_immediately)}


class DeltaDataIntervalTimetable(BaseTimetable):
    """A run at the end of each interval of fixed length."""

    def __init__(self, delta):
        self.delta = _positive(delta, "delta")
        self.summary = str(self.delta)

    def spec(self):
        return {"kind": "delta_interval", "delta": self.delta.total_seconds()}


class DeltaTriggerTimetable(BaseTimetable):
    """A run every `delta`; its data interval is the `interval` before."""

    def __init__(self, delta, *, interval=timedelta()):
        self.delta = _positive(delta, "delta")
        self.interval = _delta(interval, "interval")
        self.summary = str(self.delta)

    def spec(self):
        return {"kind": "delta_trigger", "delta": self.delta.total_seconds(),
                "interval": self.interval.total_seconds()}


class EventsTimetable(BaseTimetable):
    """Runs at given moments."""

    def __init__(self, event_dates, restrict_to_events=False, presorted=False, description=None):
        for one in event_dates:
            if not isinstance(one, datetime):
                raise TypeError(f"event_dates must hold datetimes, not {type(one).__name__}")
        self.event_dates = sorted((one.replace(tzinfo=_timezone.utc) if one.tzinfo is None else one)
                                  for one in event_dates)
        self.restrict_to_events = bool(restrict_to_events)
        self.summary = f"{len(self.event_dates)} events"
        self.description = description or self._describe()

    def _describe(self):
        if not self.event_dates:
            return "No events"
        return f"{self.summary} between {self.event_dates[0]} and {self.event_dates[-1]}"

    def spec(self):
        events = [one.astimezone(_timezone.utc).isoformat() for one in self.event_dates]
        return {"kind": "events", "events": events, "restrict_to_events": self.restrict_to_events}


def timetable_of(schedule, zone):
    """The timetable a DAG's `schedule=` stands for; `zone` is where its cron runs."""
    if schedule is None:
        return NullTimetable()
    if isinstance(schedule, BaseTimetable):
        if not type(schedule).__module__.startswith("airflow."):
            from airflow.sdk._unsupported import not_supported
            raise not_supported(f"a timetable class of your own ({type(schedule).__name__})")
        return schedule
    if isinstance(schedule, str):
        if schedule == "@once":
            return OnceTimetable()
        if schedule == "@continuous":
            return ContinuousTimetable()
        if schedule.startswith("@") and schedule not in PRESETS:
            raise ValueError(
                f"schedule {schedule!r} is none of {', '.join((*PRESETS, '@once', '@continuous'))}")
        return CronTriggerTimetable(schedule, timezone=zone)
    if isinstance(schedule, timedelta) or type(schedule).__name__ == "relativedelta":
        return DeltaTriggerTimetable(schedule)
    if isinstance(schedule, (list, tuple, set, frozenset)) or hasattr(schedule, "as_expression"):
        from airflow.sdk._asset_timetables import AssetTriggeredTimetable
        return AssetTriggeredTimetable(schedule) if schedule else NullTimetable()
    raise TypeError("schedule must be None, a cron expression, a timedelta, a timetable or "
                    f"assets, not {type(schedule).__name__}")

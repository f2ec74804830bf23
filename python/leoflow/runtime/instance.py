# SPDX-License-Identifier: Apache-2.0
"""`ti` of the context: the task instance as user code sees it, and its XComs."""

from leoflow.runtime import serde
from leoflow.runtime.client import AgentError

RETURN_KEY = "return_value"
_NOT_SET = object()
_NO_TASKS = {}


class TaskInstance:
    """Reads and writes XComs through the agent; everything else is plain values of this attempt."""

    def __init__(self, start, task, dag_run, agent):
        self.task = task
        self.dag_run = dag_run
        self.dag_id = start["dag_id"]
        self.task_id = start["task_id"]
        self.run_id = dag_run.run_id
        self.try_number = start.get("try_number", 1)
        self.max_tries = start.get("max_tries", 0)
        self.map_index = start.get("map_index", -1)
        self.operator = start.get("operator")
        self.hostname = start.get("hostname", "")
        self.logical_date = dag_run.logical_date
        self.state = "running"
        self.rendered_map_index = None
        self.context = None
        self._start = start
        self._agent = agent
        self._ready = start.get("xcoms") or {}

    @property
    def start_date(self):
        from leoflow.runtime.context import parse_date

        return parse_date(self._start.get("start_date"))

    @property
    def end_date(self):
        return None

    @property
    def duration(self):
        from leoflow.runtime.datetimes import UTC, DateTime

        return (
            None
            if self.start_date is None
            else (DateTime.now(UTC) - self.start_date).total_seconds()
        )

    @property
    def is_eligible_to_retry(self):
        return self.try_number <= self.max_tries

    @property
    def key(self):
        from collections import namedtuple

        kind = namedtuple("TaskInstanceKey", "dag_id task_id run_id try_number map_index")
        return kind(self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index)

    @property
    def log(self):
        from leoflow.runtime import logs

        return logs.task_logger()

    @property
    def log_url(self):
        """Where the web page shows the log of this try."""
        from urllib.parse import quote

        base = (self._start.get("base_url") or "http://localhost:8080").rstrip("/")
        mapped = f"/mapped/{self.map_index}" if self.map_index >= 0 else ""
        place = f"/dags/{quote(self.dag_id)}/runs/{quote(self.run_id)}/tasks/{quote(self.task_id)}{mapped}"
        return f"{base}{place}?try_number={self.try_number}"

    mark_success_url = log_url

    def get_template_context(self):
        return self.context

    def get_dagrun(self):
        return self.dag_run

    def xcom_push(self, key, value):
        """Stores `value` under `key`. Raises TypeError or ValueError if it is no JSON, ValueError
        if it is too large."""
        self._push(key, value)

    def _push(self, key, value, length=None):
        if not isinstance(key, str):
            raise TypeError(f"XCom key must be a string, not {type(key).__name__}")
        if not key:
            raise ValueError("XCom key must not be empty")
        try:
            self._agent.xcom_push(key, serde.encode(value), length)
        except (TypeError, ValueError) as error:
            raise type(error)(f"XCom {key!r}: {error}") from None
        except AgentError as error:
            raise _push_error(key, error) from None

    def xcom_pull(
        self,
        task_ids=None,
        dag_id=None,
        key=RETURN_KEY,
        include_prior_dates=False,
        *,
        map_indexes=_NOT_SET,
        default=None,
        run_id=None,
    ):
        """The value for one task id (or this task), a list for several. Missing values are None.

        Of a mapped task that is the values of all its instances, unless `map_indexes` names some;
        None stands for the one that is not mapped. As in Airflow, `default` replaces missing values
        only when `map_indexes` is given.
        """
        single = task_ids is None or isinstance(task_ids, str)
        names = [self.task_id if task_ids is None else task_ids] if single else list(task_ids)
        place = {"dag_id": dag_id, "run_id": run_id, "include_prior_dates": include_prior_dates}
        if not _is_given(map_indexes):
            values = self._values_of_all(names, key, place)
            return values[0] if single and len(values) == 1 else values
        several = map_indexes is not None and not isinstance(map_indexes, int)
        indexes = list(map_indexes) if several else [-1 if map_indexes is None else map_indexes]
        columns = [self._values(names, key, index, place) for index in indexes]
        values = [
            default if column[row] is None else column[row]
            for row in range(len(names))
            for column in columns
        ]
        return values[0] if single and not several else values

    def _values_of_all(self, names, key, place):
        """The values of the tasks in order, those of each in the order of its map indexes."""
        foreign = place["dag_id"] not in (None, self.dag_id)
        mapped = [name for name in names if foreign or not self._is_plain(name)]
        if not mapped:
            return self._values(names, key, -1, place)
        from leoflow.runtime import mapping

        found = dict(zip(mapped, mapping.pull_all(self, mapped, key, place)))
        plain = [name for name in names if name not in found]
        if plain:
            found.update((name, [value]) for name, value in
                         zip(plain, self._values(plain, key, -1, place)))
        return mapping.flat(found[name] for name in names)

    def _is_plain(self, name):
        """Whether the task is known to have no instances by map index."""
        ready = self._ready.get(name)
        if ready is not None and self.map_index < 0:
            return "total" not in ready
        task = getattr(getattr(self.task, "dag", None), "task_dict", _NO_TASKS).get(name)
        if task is None or getattr(task, "_mapped_from", None) is not None:
            return False
        group = getattr(task, "task_group", None)
        return getattr(group, "_mapped_in", None) is None

    def _has_ready(self, name, map_index):
        """Whether the start frame holds the value of that map index, which is -1 or our own."""
        return "total" not in self._ready[name] and self._is_plain(name) == (map_index == -1)

    def _values(self, names, key, map_index, place):
        found = {}
        if key == RETURN_KEY and map_index in (-1, self.map_index) and not any(place.values()):
            found = {
                name: self._ready[name]
                for name in names
                if name in self._ready and self._has_ready(name, map_index)
            }
        missing = [name for name in names if name not in found]
        if missing:
            answers = self._agent.xcom_pull(missing, key, map_index=map_index, **place)
            found.update(zip(missing, answers))
        return [
            serde.decode(found[name].get("value")) if found[name].get("found") else None
            for name in names
        ]

    def __repr__(self):
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id} try {self.try_number}>"


def _is_given(map_indexes):
    return map_indexes is not _NOT_SET and type(map_indexes).__name__ not in (
        "ArgNotSet",
        "_NotSet",
    )


def _push_error(key, error):
    if error.code in ("too_large", "exhausted"):
        return ValueError(
            f"XCom {key!r} is too large: {error.message}\n"
            "hint: write large data to the staging folder and return its path, or raise the limit"
        )
    return RuntimeError(f"XCom {key!r} was refused: {error}")

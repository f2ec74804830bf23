# SPDX-License-Identifier: Apache-2.0
"""DAG and @dag."""
import sys
from datetime import timedelta

from airflow.sdk import _scope
from airflow.sdk._arrows import DOWNSTREAM, UPSTREAM, Log
from airflow.sdk._fields import callbacks, integer, moment
from airflow.sdk._groups import TaskGroup

_IGNORED = {
    "access_control": "permissions are set on the server", "owner_links": "owners have no links",
    "sla_miss_callback": "use dagrun_timeout and on_failure_callback",
    "disable_bundle_versioning": "every version of a DAG is kept with its files",
    "rerun_with_latest_version": "choose the version when clearing",
}
_REFUSED = ("deadline", "allowed_run_types")
_REMOVED = {"schedule_interval": "schedule", "timetable": "schedule",
            "concurrency": "max_active_tasks", "fail_stop": "fail_fast", "full_filepath": "nothing",
            "default_view": "nothing", "orientation": "nothing"}
_IDS_MAX = 250
_TAG_MAX = 100


class DAG:
    """A graph of tasks and when to run it. `with DAG(...)` makes it the DAG of the tasks made
    inside."""

    def __init__(self, dag_id, *, description=None, schedule=None, start_date=None, end_date=None,
                 template_searchpath=None, template_undefined=None, user_defined_macros=None,
                 user_defined_filters=None, default_args=None, max_active_tasks=16,
                 max_active_runs=16, max_consecutive_failed_dag_runs=0, dagrun_timeout=None,
                 catchup=False, on_success_callback=None, on_failure_callback=None, doc_md=None,
                 params=None, is_paused_upon_creation=None, jinja_environment_kwargs=None,
                 render_template_as_native_obj=False, tags=None, auto_register=True,
                 fail_fast=False, dag_display_name=None, **more):
        _scope.check_key(dag_id, "dag_id")
        if more:
            _check_more(dag_id, more)
        self.dag_id = dag_id
        self._set_place()
        self.description = _typed(description, (str,), "description")
        self.default_args = dict(_typed(default_args, (dict,), "default_args") or {})
        self.params = _params(params, self.default_args.pop("params", None))
        self._set_dates(start_date, end_date)
        self._set_schedule(schedule)
        self.template_searchpath = _paths(template_searchpath)
        self.template_undefined = template_undefined
        self.user_defined_macros = _typed(user_defined_macros, (dict,), "user_defined_macros")
        self.user_defined_filters = _typed(user_defined_filters, (dict,), "user_defined_filters")
        self.jinja_environment_kwargs = _typed(jinja_environment_kwargs, (dict,),
                                               "jinja_environment_kwargs")
        self.render_template_as_native_obj = bool(render_template_as_native_obj)
        self.max_active_tasks = integer(max_active_tasks, "max_active_tasks", 1)
        self.max_active_runs = integer(max_active_runs, "max_active_runs", 1)
        self.max_consecutive_failed_dag_runs = integer(max_consecutive_failed_dag_runs,
                                                       "max_consecutive_failed_dag_runs", 0)
        self.dagrun_timeout = _typed(dagrun_timeout, (timedelta,), "dagrun_timeout")
        self.catchup, self.fail_fast, self.auto_register = bool(catchup), bool(fail_fast), bool(
            auto_register)
        self.on_success_callback = callbacks(on_success_callback, "on_success_callback")
        self.on_failure_callback = callbacks(on_failure_callback, "on_failure_callback")
        self.has_on_success_callback = bool(self.on_success_callback)
        self.has_on_failure_callback = bool(self.on_failure_callback)
        self.doc_md = _typed(doc_md, (str,), "doc_md")
        self.is_paused_upon_creation = _typed(is_paused_upon_creation, (bool,),
                                              "is_paused_upon_creation")
        self.tags = _tags(tags)
        self.dag_display_name = _typed(dag_display_name, (str,), "dag_display_name") or dag_id
        self.task_dict, self.edge_info = {}, {}
        self._suffixes, self._groups, self._arrows = {}, {}, Log()
        self.task_group = TaskGroup.create_root(self)
        self._check_limits()

    def _set_place(self):
        """Where the file makes this DAG: the nearest frame outside this package."""
        frame = sys._getframe(2)
        while frame.f_back is not None and frame.f_globals.get("__name__",
                                                               "").startswith("airflow."):
            frame = frame.f_back
        self.fileloc, self._line = frame.f_code.co_filename, frame.f_lineno

    def _set_dates(self, start_date, end_date):
        defaults = self.default_args
        self.start_date = moment(start_date if start_date is not None
                                 else defaults.get("start_date"), "start_date")
        self.end_date = moment(end_date if end_date is not None else defaults.get("end_date"),
                               "end_date")
        first = self.start_date or self.end_date
        if first is None:
            from datetime import timezone
            self.timezone = timezone.utc
        else:
            self.timezone = first.tzinfo
        for name in ("start_date", "end_date"):
            if name in defaults:
                defaults[name] = moment(defaults[name], name)

    def _set_schedule(self, schedule):
        from airflow.sdk._timetables import timetable_of
        from airflow.sdk._zones import zone_name
        self.schedule = schedule
        try:
            self.timetable = timetable_of(schedule, zone_name(self.timezone))
        except (TypeError, ValueError) as error:
            raise type(error)(f"DAG '{self.dag_id}': {error}") from None

    def _check_limits(self):
        limit = self.timetable.active_runs_limit
        if limit is not None and self.max_active_runs > limit:
            from airflow.sdk.exceptions import AirflowTimetableInvalid
            raise AirflowTimetableInvalid(
                f"DAG '{self.dag_id}': schedule {self.timetable.summary} needs "
                f"max_active_runs={limit}")

    @property
    def folder(self):
        return self.fileloc.rpartition("/")[0]

    @property
    def display_name(self):
        return self.dag_display_name

    @property
    def timetable_summary(self):
        return self.timetable.summary

    @property
    def tasks(self):
        return list(self.task_dict.values())

    @tasks.setter
    def tasks(self, _):
        raise AttributeError("DAG.tasks can not be modified. Use dag.add_task() instead.")

    @property
    def task_ids(self):
        return list(self.task_dict)

    @property
    def roots(self):
        return self._without(UPSTREAM)

    @property
    def leaves(self):
        return self._without(DOWNSTREAM)

    def _without(self, side):
        """The tasks with no arrow on that side."""
        self._arrows.settle(self)
        return [task for task in self.task_dict.values() if not task.__dict__.get(side)]

    @property
    def owner(self):
        return ", ".join(sorted({task.owner for task in self.task_dict.values()}))

    def has_task(self, task_id):
        return task_id in self.task_dict

    def has_task_group(self, group_id):
        return group_id in self._groups

    @property
    def task_group_dict(self):
        return dict(self._groups)

    def get_task(self, task_id, include_subdags=False):
        """The task of that id; raises TaskNotFound."""
        try:
            return self.task_dict[task_id]
        except KeyError:
            from airflow.sdk.exceptions import TaskNotFound
            raise TaskNotFound(f"Task {task_id} not found in DAG {self.dag_id}") from None

    def add_task(self, task):
        """Adopts a task that was made without a DAG."""
        task.dag = self

    def add_tasks(self, tasks):
        for task in tasks:
            self.add_task(task)

    def _note_suffix(self, task_id):
        """Remembers the highest __N after each id."""
        core, _, number = task_id.rpartition("__")
        if number.isdigit() and int(number) > self._suffixes.get(core, 0):
            self._suffixes[core] = int(number)

    def _register_group(self, group):
        self._groups[group.group_id] = group

    def _has_id(self, node_id):
        """Whether a task or group has the id."""
        return node_id in self.task_dict or node_id in self._groups

    def topological_sort(self):
        """The tasks, each after its upstream; raises AirflowDagCycleException."""
        from airflow.sdk._graph import ordered
        return [self.task_dict[task_id] for task_id in ordered(self.task_dict)]

    def check_cycle(self):
        """Raises AirflowDagCycleException naming the path when the edges form a cycle."""
        self.topological_sort()

    def validate(self):
        """Raises when the finished DAG cannot work as written."""
        from leoflow.authoring.checks import check_dag
        check_dag(self)

    def param(self, name, *default):
        """The param as an argument of a task; `default` sets it."""
        from airflow.sdk._params import DagParam
        return DagParam(self, name, *default)

    def __enter__(self):
        _scope.dags.append(self)
        _scope.groups.append(self.task_group)
        if self.auto_register and self not in _scope.registered:
            _scope.registered.append(self)
        return self

    def __exit__(self, *_):
        _scope.groups.pop()
        _scope.dags.pop()

    def __repr__(self):
        return f"<DAG: {self.dag_id}>"

    def test(self, *_, **__):
        from airflow.sdk.exceptions import NotSupportedError
        raise NotSupportedError("dag.test()", "start `leoflow lite` and trigger the DAG")

    def cli(self):
        from airflow.sdk.exceptions import NotSupportedError
        raise NotSupportedError("dag.cli()", "use the leoflow command")


def _check_more(dag_id, more):
    for name, value in more.items():
        if name in _REFUSED:
            if value:
                from airflow.sdk._unsupported import not_supported
                raise not_supported(name, f"DAG '{dag_id}'")
        elif name in _IGNORED:
            if value:
                _scope.note(f"{name} of DAG '{dag_id}' is ignored; {_IGNORED[name]}")
        else:
            hint = ""
            if name in _REMOVED:
                hint = f"; it was removed in Airflow 3, use {_REMOVED[name]}"
            raise TypeError(f"DAG.__init__() got an unexpected keyword argument {name!r}{hint}")


def _typed(value, types, name):
    if value is not None and not isinstance(value, types):
        raise TypeError(
            f"{name} must be {' or '.join(t.__name__ for t in types)}, not {type(value).__name__}")
    return value


def _params(params, from_defaults):
    from airflow.sdk._params import ParamsDict
    if params is not None and not hasattr(params, "items"):
        raise TypeError(f"params must be a dict, not {type(params).__name__}")
    merged = ParamsDict(params)
    merged.update(from_defaults or {})
    return merged


def _paths(value):
    if value is None or isinstance(value, (list, tuple)):
        return None if value is None else [str(path) for path in value]
    if isinstance(value, str) or hasattr(value, "__fspath__"):
        return [str(value)]
    raise TypeError(
        f"template_searchpath must be a path or a list of paths, not {type(value).__name__}")


def _tags(tags):
    if tags is None:
        return set()
    if isinstance(tags, str) or not hasattr(tags, "__iter__"):
        raise TypeError(f"tags must be a list of strings, not {type(tags).__name__}")
    for tag in tags:
        if not isinstance(tag, str):
            raise TypeError(f"tags must hold strings, not {type(tag).__name__}")
        if len(tag) > _TAG_MAX:
            raise ValueError(f"tag {tag!r} is longer than {_TAG_MAX} characters")
    return set(tags)


class _DagFactory:
    """A function under @dag; calling it makes the DAG."""

    def __init__(self, function, options):
        self.function, self.options = function, options
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self.__module__ = function.__module__
        self.__wrapped__ = function

    def __call__(self, *args, **kwargs):
        from airflow.sdk._binding import Plan
        from airflow.sdk._params import DagParam
        plan = Plan(self.function)
        if plan.varargs or plan.varkw:
            raise TypeError(f"@dag does not support *args and **kwargs in {self.__name__}()")
        plan.check(args, kwargs)
        values = {**plan.defaults, **dict(zip(plan.positional, args)), **kwargs}
        with DAG(**self.options) as dag:
            if self.__doc__ and not dag.doc_md:
                from airflow.sdk._decorators import clean_doc
                dag.doc_md = clean_doc(self.__doc__)
            code = self.function.__code__
            dag.fileloc, dag._line = code.co_filename, code.co_firstlineno
            self.function(**{name: DagParam(dag, name, values.get(name))
                             for name in plan.positional + plan.keyword})
        return dag


def dag(dag_id="", **options):
    """Makes a function that draws a DAG: its arguments become params, its docstring the
    documentation."""
    if callable(dag_id):
        return _DagFactory(dag_id, {"dag_id": dag_id.__name__})
    return lambda function: _DagFactory(function,
                                        {"dag_id": dag_id or function.__name__, **options})

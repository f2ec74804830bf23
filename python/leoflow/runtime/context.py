# SPDX-License-Identifier: Apache-2.0
"""The Airflow context of an attempt: the dict given to execute(), callbacks and templates.

Dates exist only when the run has a logical date, as in Airflow: a template naming `ds` in a run
without one fails.
"""

import sys

from leoflow.runtime import accessors, assets
from leoflow.runtime.datetimes import DateTime
from leoflow.runtime.instance import TaskInstance

_contexts = []


def get_current_context():
    """The context of the task that is running. Raises RuntimeError outside of one."""
    if not _contexts:
        raise RuntimeError(
            "Current context was requested but no context was found! Are you running within an Airflow task?"
        )
    return _contexts[-1]


def push_context(context):
    """Makes `context` what get_current_context() answers, until pop_context()."""
    _contexts.append(context)


def pop_context():
    _contexts.pop()


def parse_date(text):
    return None if text is None else DateTime.parse(text)


class DagRun:
    """The run, as the context's `dag_run` and as `previous_success`. Plain values; changing them
    changes nothing."""

    def __init__(self, dag_id, run):
        self.dag_id = dag_id
        self.run_id = run["run_id"]
        self.run_type = run.get("run_type", "manual")
        self.logical_date = parse_date(run.get("logical_date"))
        self.data_interval_start = parse_date(run.get("data_interval_start"))
        self.data_interval_end = parse_date(run.get("data_interval_end"))
        self.run_after = parse_date(run.get("run_after"))
        self.queued_at = parse_date(run.get("queued_at"))
        self.start_date = parse_date(run.get("start_date"))
        self.end_date = parse_date(run.get("end_date"))
        self.conf = run.get("conf") or {}
        self.clear_number = run.get("clear_number", 0)
        self.triggering_user_name = run.get("triggering_user_name")
        self.state = run.get("state", "running")
        self.note = run.get("note")
        self.partition_key = run.get("partition_key")
        self.consumed = assets.TriggeringEvents(run.get("consumed_asset_events") or ())

    @property
    def consumed_asset_events(self):
        """The asset events the run is there for."""
        return [event for key in self.consumed for event in self.consumed[key]]

    def __repr__(self):
        return f"<DagRun {self.dag_id} {self.run_id} {self.state}>"


def build(start, dag, task, agent):
    """The whole context of a task attempt. Raises ParamValidationError when the params break their
    schema."""
    dag_run = DagRun(start["dag_id"], start["run"])
    context = _run_part(start, dag, dag_run)
    instance = TaskInstance(start, task, dag_run, agent)
    instance.context = context
    inlets, outlets = (list(getattr(task, name, None) or ()) for name in ("inlets", "outlets"))
    context.update(
        task=task,
        ti=instance,
        task_instance=instance,
        task_instance_key_str=_key_text(start, context),
        inlets=inlets,
        outlets=outlets,
        inlet_events=assets.InletEvents(inlets, agent),
        outlet_events=assets.OutletEvents(outlets),
        map_index_template=getattr(task, "map_index_template", None),
        task_reschedule_count=0,
        params=merge_params(dag, task, dag_run.conf),
    )
    return context


def build_for_run(start, dag):
    """The context of a DAG's own callback: the same without a task, with the reason the run
    ended."""
    dag_run = DagRun(start["dag_id"], start["run"])
    callback = start.get("callback") or {}
    dag_run.state = "success" if callback.get("name") == "on_success" else "failed"
    context = _run_part(start, dag, dag_run)
    context["params"] = merge_params(dag, None, dag_run.conf)
    context["reason"] = callback.get("reason")
    return context


def _run_part(start, dag, dag_run):
    context = {
        "dag": dag,
        "run_id": dag_run.run_id,
        "dag_run": dag_run,
        "macros": _macros(),
        "var": accessors.VARIABLES,
        "conn": accessors.CONNECTIONS,
        "triggering_asset_events": dag_run.consumed,
        "partition_key": dag_run.partition_key,
    }
    _add_previous(context, start)
    if dag_run.logical_date is not None:
        _add_dates(context, dag_run)
    return context


def _macros():
    found = sys.modules.get("airflow.sdk.macros")
    if found is None:
        from airflow.sdk import macros as found
    return found


def _add_previous(context, start):
    previous = start.get("previous_success") or {}
    context["prev_start_date_success"] = parse_date(previous.get("start_date"))
    context["prev_end_date_success"] = parse_date(previous.get("end_date"))
    if start["run"].get("logical_date") is not None:
        context["prev_data_interval_start_success"] = parse_date(
            previous.get("data_interval_start")
        )
        context["prev_data_interval_end_success"] = parse_date(previous.get("data_interval_end"))


def _add_dates(context, dag_run):
    date = dag_run.logical_date
    ts = date.isoformat()
    context["logical_date"] = date
    context["data_interval_start"] = dag_run.data_interval_start
    context["data_interval_end"] = dag_run.data_interval_end
    context["ds"] = ts[:10]
    context["ds_nodash"] = ts[:10].replace("-", "")
    context["ts"] = ts
    context["ts_nodash"] = ts[:19].replace("-", "").replace(":", "")
    context["ts_nodash_with_tz"] = ts.replace("-", "").replace(":", "")


def _key_text(start, context):
    return f"{start['dag_id']}__{start['task_id']}__{context.get('ds_nodash') or context['run_id']}"


def merge_params(dag, task, conf):
    """DAG params, over them the task's, over them the run's conf, each checked against its
    schema."""
    merged = {}
    for params in (getattr(dag, "params", None), getattr(task, "params", None), conf):
        for name, value in _raw_items(params):
            merged[name] = _merge_one(merged.get(name), value)
    return {name: _resolved(name, value) for name, value in merged.items()}


class _Valued:
    """A value that has to satisfy the schema of a param declared below it."""

    def __init__(self, param, value):
        self.param = param
        self.value = value


def _merge_one(below, value):
    if _is_param(value):
        return value
    if isinstance(below, _Valued):
        below = below.param
    return _Valued(below, value) if _is_param(below) else value


def _resolved(name, value):
    try:
        if isinstance(value, _Valued):
            return value.param.resolve(value.value)
        return value.resolve() if _is_param(value) else value
    except Exception as error:
        error.leoflow_note = f"in the param {name!r}"
        raise


def _raw_items(params):
    """Pairs of name and Param or value; a ParamsDict hands out values on [], its Param objects
    otherwise."""
    if not params:
        return ()
    raw = getattr(params, "get_param", None)
    if raw is not None:
        return [(name, raw(name)) for name in params]
    return params.items()


def _is_param(value):
    return hasattr(value, "schema") and hasattr(value, "resolve")

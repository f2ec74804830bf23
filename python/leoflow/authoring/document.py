# SPDX-License-Identifier: Apache-2.0
"""A DAG as a dag.json document (docs/dag-json.md). Values equal to the documented default are left
out."""
import os
from datetime import date, datetime, timedelta, timezone

from airflow.sdk._making import references
from airflow.sdk._xcomarg import XComArg
from airflow.sdk.exceptions import ParamValidationError

_TASK_DEFAULTS = {
    "owner": "airflow", "trigger_rule": "all_success", "retries": 0, "retry_delay": 300,
    "retry_exponential_backoff": 0,
    "depends_on_past": False, "wait_for_downstream": False, "ignore_first_depends_on_past": True,
    "wait_for_past_depends_before_skipping": False, "priority_weight": 1,
    "weight_rule": "downstream",
    "pool": "default_pool", "pool_slots": 1, "queue": "default", "inline_success": False,
    "do_xcom_push": True,
    "multiple_outputs": False, "has_retry_callback": False, "ui_color": "#fff",
    "ui_fgcolor": "#000",
}
_DAG_DEFAULTS = {
    "catchup": False, "max_active_runs": 16, "max_active_tasks": 16,
    "max_consecutive_failed_dag_runs": 0,
    "fail_fast": False, "render_template_as_native_obj": False, "has_success_callback": False,
    "has_failure_callback": False, "timezone": "UTC",
}


def document(dag, project, main_file, warnings):
    """The dag.json object of one checked DAG."""
    from airflow.sdk._zones import zone_name
    found = {
        "schema_version": "1.0", "dag_id": dag.dag_id, "dag_display_name": dag.dag_display_name,
        "description": dag.description, "doc_md": _doc(dag.doc_md, dag), "tags": sorted(dag.tags),
        "owners": owners(dag),
        "relative_fileloc": relative(dag.fileloc, project) or relative(main_file, project)
        or os.path.basename(main_file),
        **assets_of(dag),
        "schedule": _schedule(dag.timetable), "timezone": zone_name(dag.timezone),
        "start_date": instant(dag.start_date),
        "end_date": instant(dag.end_date), "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "max_consecutive_failed_dag_runs": dag.max_consecutive_failed_dag_runs,
        "dagrun_timeout": _seconds(dag.dagrun_timeout), "fail_fast": dag.fail_fast,
        "is_paused_upon_creation": dag.is_paused_upon_creation,
        "render_template_as_native_obj": dag.render_template_as_native_obj,
        "has_success_callback": bool(dag.on_success_callback),
        "has_failure_callback": bool(dag.on_failure_callback),
        "params": _params(dag.params, f"DAG '{dag.dag_id}'"),
        "default_args": _shown(dag.default_args),
        "tasks": [_task(task, dag) for task in dag.task_dict.values()],
        "mapped_groups": _mapped_groups(dag), "warnings": list(warnings),
    }
    return _without_defaults(found, _DAG_DEFAULTS)


def _task(task, dag):
    found = {
        "task_id": task.task_id, "task_display_name": task._task_display_name,
        "operator_name": type(task).__name__, "operator_module": type(task).__module__,
        "owner": task.owner,
        "doc_md": _doc(task.doc_md, dag), "downstream": sorted(task.downstream_task_ids),
        "trigger_rule": task.trigger_rule, "retries": task.retries,
        "retry_delay": _seconds(task.retry_delay),
        "retry_exponential_backoff": task.retry_exponential_backoff,
        "max_retry_delay": _seconds(task.max_retry_delay),
        "execution_timeout": _seconds(task.execution_timeout),
        "depends_on_past": task.depends_on_past,
        "wait_for_downstream": task.wait_for_downstream,
        "ignore_first_depends_on_past": task.ignore_first_depends_on_past,
        "wait_for_past_depends_before_skipping": task.wait_for_past_depends_before_skipping,
        "priority_weight": task.priority_weight, "weight_rule": task.weight_rule, "pool": task.pool,
        "pool_slots": task.pool_slots, "queue": task.queue,
        "max_active_tis_per_dag": task.max_active_tis_per_dag,
        "max_active_tis_per_dagrun": task.max_active_tis_per_dagrun,
        "start_date": instant(_start(task, dag)),
        "end_date": instant(_end(task, dag)), "inline_success": _runs_inline(task),
        "do_xcom_push": task.do_xcom_push,
        "multiple_outputs": task.multiple_outputs,
        "has_retry_callback": bool(task.on_retry_callback),
        "template_fields": list(task.template_fields), "xcom_inputs": _xcom_inputs(task),
        "task_groups": _task_groups(task),
        "expand": task._mapped_from.expansion.sources() if task._mapped_from else None,
        "inlets": [one.as_expression() for one in task.inlets],
        "outlets": [one.as_expression() for one in task.outlets],
        "params": _params(task._own_params, f"task '{task.task_id}'") if task._own_params else None,
        "ui_color": task.ui_color, "ui_fgcolor": task.ui_fgcolor,
    }
    return _without_defaults(found, _TASK_DEFAULTS)


def _without_defaults(found, defaults):
    return {name: value for name, value in found.items()
            if value is not None and (value != [] or name == "tasks")
            and (name not in defaults or value != defaults[name])}


def owners(dag):
    """Distinct owners of the tasks; an owner text may name several, separated by commas."""
    names = {name.strip() for task in dag.task_dict.values() for name in task.owner.split(",")}
    return sorted(name for name in names if name)


def _start(task, dag):
    if task.start_date is None or dag.start_date is None:
        return task.start_date or dag.start_date
    return max(task.start_date, dag.start_date)


def _end(task, dag):
    if task.end_date is None or dag.end_date is None:
        return task.end_date or dag.end_date
    return min(task.end_date, dag.end_date)


def _runs_inline(task):
    """An EmptyOperator nobody listens to needs no process."""
    if not task.inherits_from_empty_operator or type(task).execute.__module__ != _EMPTY:
        return False
    return not (task.on_execute_callback or task.on_success_callback or task._pre_execute_hook
                or task._post_execute_hook or task.outlets)



def assets_of(dag):
    """What the DAG says of each asset and alias it names, in the order of their names. Raises
    ValueError when it says two things of one."""
    condition = getattr(dag.timetable, "asset_condition", None)
    named = [condition] if condition is not None else []
    for task in dag.task_dict.values():
        named += [*task.inlets, *task.outlets]
    assets, aliases = {}, {}
    for one in named:
        for (name, uri), asset in one.iter_assets():
            other = assets.setdefault(name, asset)
            if other.uri != uri:
                raise ValueError(f"DAG '{dag.dag_id}': the asset {name!r} has two URIs, "
                                 f"{other.uri!r} and {uri!r}")
            if asset.extra and not other.extra:
                assets[name] = asset
        for name, alias in one.iter_asset_aliases():
            aliases.setdefault(name, alias)
    return {"assets": [{"name": one.name, "uri": one.uri, "group": one.group, "extra": one.extra}
                       for _, one in sorted(assets.items())],
            "asset_aliases": [{"name": one.name, "group": one.group}
                              for _, one in sorted(aliases.items())]}


_EMPTY = "airflow.providers.standard.operators.empty"


def _task_groups(task):
    """Ids of the groups it is in, the outermost first."""
    ids, group = [], task.task_group
    while group is not None and not group.is_root:
        ids.append(group.group_id)
        group = group.parent_group
    return ids[::-1]


def _mapped_groups(dag):
    """What each mapped group that holds tasks is mapped over; None if there is none."""
    return {group_id: group._expansion.sources() for group_id, group in dag._groups.items()
            if group._expansion is not None and any(True for _ in group)} or None


def templated_values(task):
    """What the file gives for the template fields of a task; of a mapped one, for some instance."""
    if task._mapped_from is not None:
        return list(task._mapped_from.values(task.template_fields))
    return [getattr(task, field, None) for field in task.template_fields]


def _xcom_inputs(task):
    found = []
    for value in templated_values(task):
        if value is not None and not isinstance(value, str):
            found.extend(references(value))
    if task._mapped_from is not None:
        found.extend(task._mapped_from.expansion.results())
    return sorted({one.operator.task_id for one in found
                   if isinstance(one, XComArg) and one.key == "return_value"})


def _schedule(timetable):
    return _without_defaults({**timetable.spec(), "summary": timetable.summary,
                              "description": timetable.description},
                             {"interval": 0.0, "timezone": "UTC", "restrict_to_events": False})


def instant(value):
    """ISO 8601 in UTC."""
    return None if value is None else value.astimezone(timezone.utc).isoformat().replace("+00:00",
                                                                                         "Z")


def _seconds(value):
    if value is None:
        return None
    seconds = value.total_seconds()
    return int(seconds) if seconds == int(seconds) else seconds


def relative(path, project):
    """The path relative to the project folder; None when it is outside."""
    path, project = os.path.realpath(path), os.path.realpath(project)
    return os.path.relpath(path, project) if path.startswith(project + os.sep) else None


def _doc(text, dag):
    """doc_md may name a file beside the DAG."""
    if not isinstance(text, str):
        return None if text is None else str(text)
    if not text.endswith(".md") or "\n" in text:
        return text
    for folder in [dag.folder, *(dag.template_searchpath or ())]:
        path = os.path.join(folder, text)
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return file.read()
    return text


def _params(params, owner):
    found = {}
    for name, param in params.params_items():
        where = f"{owner}: param '{name}'"
        entry = {"schema": _json(param.schema, f"the schema of {where}")}
        if param.has_value:
            entry["value"] = _json(param.value, where)
        if param.description is not None:
            entry["description"] = str(param.description)
        found[str(name)] = entry
    return found


def _json(value, where):
    """The value as JSON data; anything that JSON cannot hold raises ParamValidationError."""
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int) or isinstance(value, float) and value - value == 0:
        return value
    if isinstance(value, (list, tuple)):
        return [_json(item, where) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {str(key): _json(item, where) for key, item in value.items()}
    raise ParamValidationError(f"{where} must be JSON, and {value!r:.200} is not")


def _shown(value):
    """Any value in a form fit to be looked at."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, timedelta):
        return _seconds(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _shown(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_shown(item) for item in value]
    return getattr(value, "__qualname__", None) or type(value).__name__

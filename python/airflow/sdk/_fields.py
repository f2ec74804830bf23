# SPDX-License-Identifier: Apache-2.0
"""The arguments every operator takes: one check for each, which gives the value to store."""
from datetime import datetime, timedelta, timezone

from airflow.sdk import _scope

_TRIGGER_RULES = ("all_success", "all_failed", "all_done", "all_done_min_one_success",
                  "all_skipped", "one_success", "one_failed", "one_done", "none_failed",
                  "none_failed_min_one_success", "none_skipped", "always")
_WEIGHT_RULES = ("downstream", "upstream", "absolute")


def plain(value):
    """The text behind a member of a string enumeration; anything else as it is."""
    return getattr(value, "value", value)


def moment(value, name):
    """A datetime with a zone; a naive one is UTC."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime, not {type(value).__name__}")
    return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value


def seconds(value, name):
    """A timedelta, also from a number of seconds."""
    if isinstance(value, timedelta) or value is None:
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return timedelta(seconds=value)
    raise TypeError(
        f"{name} must be a timedelta or a number of seconds, not {type(value).__name__}")


def callbacks(value, name):
    """A list of callables from one or several."""
    found = [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
    for one in found:
        if not callable(one):
            raise TypeError(
                f"{name} must be a callable or a list of callables, not {type(one).__name__}")
    return found


def _any(value, name):
    return value


def _flag(value, name):
    return bool(value)


def _text(value, name):
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    return value


def integer(value, name, least=None):
    """A whole number, `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    if least is not None and value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
    return value


def _limit(value, name):
    return None if value is None else integer(value, name, 1)


def _retries(value, name):
    return 0 if value is None else integer(value, name, 0)


def _retry_delay(value, name):
    return timedelta(seconds=300) if value is None else seconds(value, name)


def _backoff(value, name):
    if value is True:
        return 2.0
    if not value:
        return 0
    if not isinstance(value, (int, float)) or value < 0:
        raise ValueError(f"{name} must be a boolean or a multiplier of at least 0, not {value!r}")
    return float(value)


def _timeout(value, name):
    if value is not None and not isinstance(value, timedelta):
        raise ValueError(f"{name} must be timedelta object but passed as type: {type(value)}")
    return value


def _trigger_rule(value, name):
    value = plain(value)
    if value not in _TRIGGER_RULES:
        raise ValueError(
            f"The trigger_rule must be one of {', '.join(_TRIGGER_RULES)}; received {value!r}.")
    return value


def _weight_rule(value, name):
    value = plain(value)
    if value not in _WEIGHT_RULES:
        if isinstance(value, str):
            raise ValueError(
                f"The weight_rule must be one of {', '.join(_WEIGHT_RULES)}; received {value!r}.")
        raise _refusal("weight_rule with a class of your own")
    return value


def _hook(value, name):
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be a callable, not {type(value).__name__}")
    return value


def _params(value, name):
    from airflow.sdk._params import ParamsDict
    return ParamsDict(value)


def _inlets(value, name):
    if not value and not hasattr(value, "as_expression"):
        return ()
    from airflow.sdk._assets import inlets_of
    return inlets_of(value, name)


def _outlets(value, name):
    if not value and not hasattr(value, "as_expression"):
        return ()
    from airflow.sdk._assets import outlets_of
    return outlets_of(value, name)


def _display_name(value, name):
    return value


def _refusal(what):
    from airflow.sdk._unsupported import not_supported
    return not_supported(what)


def _refuse(value, name):
    if value:
        raise _refusal(name)
    return value


def _ignored(hint):
    def check(value, name):
        if value:
            _scope.note(f"{name} is ignored; {hint}")
        return value
    return check


_CALLBACKS = {f"on_{kind}_callback": callbacks
              for kind in ("execute", "success", "failure", "retry", "skipped")}
_mail = _ignored("use on_failure_callback or `alerts:` in leoflow.yaml")
_CHECKS = {
    "owner": _text, "email": _mail, "email_on_retry": _any, "email_on_failure": _any,
    "retries": _retries, "retry_delay": _retry_delay, "retry_exponential_backoff": _backoff,
    "max_retry_delay": seconds, "retry_policy": _refuse, "start_date": moment, "end_date": moment,
    "depends_on_past": _flag, "ignore_first_depends_on_past": _flag, "wait_for_downstream": _flag,
    "wait_for_past_depends_before_skipping": _flag, "params": _params, "priority_weight": integer,
    "weight_rule": _weight_rule, "queue": _text, "pool": lambda value,
    name: value or "default_pool",
    "pool_slots": lambda value, name: integer(value, name, 1),
    "sla": _ignored("use dagrun_timeout or execution_timeout"),
    "execution_timeout": _timeout, "pre_execute": _hook, "post_execute": _hook,
    "trigger_rule": _trigger_rule,
    "resources": _ignored("set `resources:` of the task in leoflow.yaml"), "run_as_user": _refuse,
    "map_index_template": _any, "max_active_tis_per_dag": _limit,
    "max_active_tis_per_dagrun": _limit,
    "executor": _ignored("the server chooses the executor"),
    "executor_config": _ignored("set `execution:` of the task in leoflow.yaml"),
    "do_xcom_push": _flag,
    "multiple_outputs": _flag, "inlets": _inlets, "outlets": _outlets, "doc": _any, "doc_md": _any,
    "doc_json": _any,
    "doc_yaml": _any, "doc_rst": _any, "task_display_name": _display_name, "logger_name": _any,
    "allow_nested_operators": _flag, "render_template_as_native_obj": _any, **_CALLBACKS,
}
_STORED_AS = {"pre_execute": "_pre_execute_hook", "post_execute": "_post_execute_hook",
              "params": "_own_params", "task_display_name": "_task_display_name"}


# Those that are stored under their own name and touch no other; None: any value will do.
PLAIN_CHECKS = {name: None if check is _any else check for name, check in _CHECKS.items()
                if name not in _STORED_AS and name != "wait_for_downstream"}

# All of them, and the attributes they are stored as.
ARGUMENTS = frozenset(_CHECKS)
ATTRIBUTES = frozenset(_STORED_AS.get(name, name) for name in _CHECKS)


def base_fields(defaults, where):
    """What default_args say about arguments of every operator, checked, as attributes to store."""
    found = {}
    for name, value in defaults.items():
        check = _CHECKS.get(name)
        if check is not None:
            found[_STORED_AS.get(name, name)] = _checked(check, value, name,
                                                         f"default_args of {where}")
    if found.get("wait_for_downstream"):
        found["depends_on_past"] = True
    return found


def _checked(check, value, name, where):
    try:
        return check(value, name)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from None


def check_fields(task, given):
    """Stores the given arguments on the task; an unknown one raises TypeError."""
    state = task.__dict__
    for name, value in given.items():
        check = _CHECKS.get(name)
        if check is None:
            _unknown(task, given)
        stored = _checked(check, value, name, task.task_id)
        state[_STORED_AS.get(name, name)] = stored
    if "wait_for_downstream" in given and state["wait_for_downstream"]:
        state["depends_on_past"] = True


def _unknown(task, given):
    unknown = {name: value for name, value in given.items() if name not in _CHECKS}
    if "deferrable" in unknown:
        raise _refusal("deferrable")
    raise TypeError(
        f"Invalid arguments were passed to {type(task).__name__} (task_id: {task.task_id}). "
        f"Invalid arguments were:\n**kwargs: {unknown!r}")

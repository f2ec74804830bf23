# SPDX-License-Identifier: Apache-2.0
"""What can only be judged once a DAG is complete. Costs time a task process does not have, so only
the compiler asks."""
from airflow.sdk import _scope
from airflow.sdk._making import draw_edges
from airflow.sdk._operator import BaseOperator
from airflow.sdk._unsupported import not_supported
from airflow.sdk.exceptions import (AirflowException, AirflowDagDuplicatedIdException,
                                    FailFastDagInvalidTriggerRule, ParamValidationError)


def check_dag(dag):
    """Raises the first thing that keeps the DAG from working as written; the error carries the
    DAG's place."""
    try:
        _draw_late_edges(dag)
        _check_nesting(dag)
        dag.topological_sort()
        _check_fail_fast(dag)
        _check_schedule(dag)
        _check_params(dag)
        for kind in {type(task) for task in dag.task_dict.values()}:
            _check_operator_class(kind)
    except Exception as error:
        error.leoflow_place = (dag.fileloc, dag._line)
        raise


def check_distinct(dags):
    """Raises when two DAGs share an id; names both places."""
    seen = {}
    for dag in dags:
        other = seen.setdefault(dag.dag_id, dag)
        if other is not dag:
            error = AirflowDagDuplicatedIdException(
                f"DAG id '{dag.dag_id}' is defined twice: at {_place(other)} and at {_place(dag)}")
            error.leoflow_place = (dag.fileloc, dag._line)
            raise error


def check_partials(partials):
    """Raises when a task was begun with Operator.partial() and never mapped."""
    for task_id, place in partials:
        error = AirflowException(
            f"Task '{task_id}' was never mapped! Operator.partial() makes no task; expand() or "
            "expand_kwargs() of its result does")
        error.leoflow_place = place
        raise error


def _place(dag):
    return f"{dag.fileloc.rpartition('/')[2]} line {dag._line}"


def _draw_late_edges(dag):
    """Arguments that were assigned after a task was made may hold results of other tasks."""
    for task in dag.task_dict.values():
        if task._mapped_from is not None:
            continue  # its arguments are not attributes, and all were there from the start
        for field in task.template_fields:
            value = getattr(task, field, None)
            if value is not None and not isinstance(value, str):
                draw_edges(task, value)


def _check_nesting(dag):
    """A mapped task may have come into a mapped group after it was made."""
    for task in dag.task_dict.values():
        if task._mapped_from is not None and task.task_group._mapped_in is not None:
            from airflow.sdk._mapping import nested
            raise nested(task.task_id, task.task_group)


def _check_fail_fast(dag):
    for task in dag.task_dict.values() if dag.fail_fast else ():
        if task.trigger_rule != "all_success":
            raise FailFastDagInvalidTriggerRule(
                f"DAG '{dag.dag_id}' has fail_fast, which needs trigger_rule all_success "
                "everywhere; task "
                f"'{task.task_id}' has {task.trigger_rule}")


def _check_schedule(dag):
    timetable = dag.timetable
    if dag.start_date is None and timetable.can_be_scheduled:
        if dag.catchup and timetable.periodic:
            raise AirflowException(
                f"DAG '{dag.dag_id}' has catchup=True and needs a start_date to catch up from")
        if timetable.summary == "@once":
            _scope.note(
                f"DAG '{dag.dag_id}' is scheduled @once and has no start_date, so it never starts "
                "by itself")
    if dag.start_date and dag.end_date and dag.start_date > dag.end_date:
        _scope.note(
            f"DAG '{dag.dag_id}' ends before it starts (end_date < start_date), so no run is "
            "scheduled")


def _check_params(dag):
    """A scheduled run brings no values, so the defaults have to do; a person may repair the others
    at the trigger."""
    owners = [(f"DAG '{dag.dag_id}'", dag.params)]
    owners += [(f"task '{task.task_id}'", task._own_params) for task in dag.task_dict.values()
               if task._own_params]
    for owner, params in owners:
        for name, param in params.params_items():
            problem = param._problem(param.value)
            if problem and dag.timetable.can_be_scheduled:
                raise ParamValidationError(
                    f"{owner}: a scheduled DAG needs a valid default for param '{name}': {problem}")
            if problem and param.has_value and param.value is not None:
                _scope.note(f"{owner}: the default of param '{name}' breaks its schema: {problem}")


def _check_operator_class(kind):
    """Finds deferral in an operator the file defines: a call of self.defer in one of its
    methods."""
    for base in kind.__mro__:
        if base is BaseOperator or base.__module__.startswith("airflow."):
            continue
        for function in vars(base).values():
            code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
            if code is not None and "defer" in code.co_names and _calls_on_first(code, "defer"):
                raise not_supported("defer", f"operator {kind.__name__}")


def _calls_on_first(code, name):
    import dis
    before = None
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_ATTR",
                           "LOAD_METHOD") and step.argval == name and before is not None:
            if before.opname.startswith("LOAD_FAST") and before.argval == code.co_varnames[0]:
                return True
        before = step
    return False

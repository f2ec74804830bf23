# SPDX-License-Identifier: Apache-2.0
"""Runs the DAG file of a bundle and finds the DAG and the task of an attempt in it."""

import os
import sys
from importlib.machinery import SourceFileLoader


class DagMissing(LookupError):
    """The DAG file ran, and the DAG or task of the attempt is not in it."""


def extend_path(file, bundle, project):
    """Makes the modules beside the DAG file importable, before everything installed."""
    folders = dict.fromkeys(folder for folder in (os.path.dirname(file), bundle, project) if folder)
    sys.path[:0] = [folder for folder in folders if folder not in sys.path]


def load_dags(file, dag_id=None, task_id=None):
    """Executes `file` and returns its DAGs by id. The bytecode is cached beside it where that is
    possible."""
    name = _module_name(file)
    loader = SourceFileLoader(name, file)
    module = type(sys)(name)
    module.__file__ = file
    module.__loader__ = loader
    sys.modules[name] = module
    registries = _begin(name, dag_id, task_id)
    exec(loader.get_code(name), module.__dict__)
    return _collect(module, registries)


def find(dags, dag_id, task_id, file):
    """The DAG and, unless task_id is None, its task. Raises DagMissing saying what there is
    instead."""
    dag = dags.get(dag_id)
    if dag is None:
        raise DagMissing(
            f"{os.path.basename(file)} does not define the DAG {dag_id!r} (it defines: {_names(dags)})\n"
            "hint: DAG ids must be the same each time the file is read"
        )
    if task_id is None:
        return dag, None
    task = dag.task_dict.get(task_id)
    if task is None:
        raise DagMissing(
            f"the DAG {dag_id!r} has no task {task_id!r} (it has: {_names(dag.task_dict)})\n"
            "hint: tasks must be the same each time the file is read"
        )
    return dag, task


def _names(names, shown=10):
    listed = sorted(map(str, names))
    rest = f" and {len(listed) - shown} more" if len(listed) > shown else ""
    return ", ".join(listed[:shown]) + rest if listed else "none"


def _module_name(file):
    stem = os.path.splitext(os.path.basename(file))[0]
    return f"leoflow_dag_{stem}" if stem in sys.modules or stem in sys.stdlib_module_names else stem


def _begin(module_name, dag_id, task_id):
    """Empties the registries of DAGs; ours, or the one of a real Airflow SDK when a dependency
    brought it."""
    scope = sys.modules.get("airflow.sdk._scope")
    if scope is not None:
        scope.begin(dag_id, task_id)
    foreign = sys.modules.get("airflow.sdk.definitions._internal.contextmanager")
    if foreign is not None:
        foreign.DagContext.current_autoregister_module_name = module_name
    return scope, foreign


def _collect(module, registries):
    scope, foreign = registries
    scope = scope or sys.modules.get("airflow.sdk._scope")
    found = list(scope.registered) if scope is not None else []
    if foreign is not None:
        found += [dag for dag, _ in foreign.DagContext.autoregistered_dags]
    found += [value for value in module.__dict__.values() if _is_dag(value)]
    dags = {}
    for dag in found:
        dags.setdefault(dag.dag_id, dag)
    return dags


def _is_dag(value):
    """By its own attributes: a decorator object may answer any name with an error."""
    own = getattr(value, "__dict__", None)
    return isinstance(own, dict) and isinstance(own.get("task_dict"), dict) and "dag_id" in own

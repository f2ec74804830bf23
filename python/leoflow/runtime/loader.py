# SPDX-License-Identifier: Apache-2.0
"""Runs the DAG file of a bundle and finds the DAG and the task of an attempt in it."""

import marshal
import os
import sys
from _imp import _fix_co_filename
from importlib._bootstrap_external import MAGIC_NUMBER
from importlib.machinery import SourceFileLoader
from io import FileIO

HEAD_BYTES = 16  # of a file with bytecode: magic number, flags, modification time, size
SUFFIX = ".py"
CACHED_SUFFIX = f".{sys.implementation.cache_tag}.pyc"
CACHES_AS_USUAL = not sys.flags.optimize and sys.pycache_prefix is None


class DagMissing(LookupError):
    """The DAG file ran, and the DAG or task of the attempt is not in it."""


def extend_path(file, bundle, project):
    """Makes the modules beside the DAG file importable, before everything installed."""
    path, fresh = sys.path, []
    for folder in (file.rpartition("/")[0], bundle, project):
        if folder and folder not in path and folder not in fresh:
            fresh.append(folder)
    path[:0] = fresh


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
    exec(_cached_code(file) or loader.get_code(name), module.__dict__)
    return _collect(module, registries, dag_id)


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


def _cached_code(file):
    """The bytecode beside `file` if it is that of the file as it is now, else None: the same as the
    loader of the standard library would give, with a tenth of the work."""
    folder, _, name = file.rpartition("/")
    if not CACHES_AS_USUAL or not name.endswith(SUFFIX):
        return None
    try:
        about = os.stat(file)
        with FileIO(f"{folder}/__pycache__/{name.removesuffix(SUFFIX)}{CACHED_SUFFIX}") as cached:
            data = cached.readall()
    except OSError:
        return None
    written = (int(about.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little")
    size = (about.st_size & 0xFFFFFFFF).to_bytes(4, "little")
    if data[:HEAD_BYTES] != MAGIC_NUMBER + bytes(4) + written + size:
        return None
    try:
        code = marshal.loads(memoryview(data)[HEAD_BYTES:])
    except (EOFError, ValueError, TypeError):
        return None
    _fix_co_filename(code, file)
    return code


def _names(names, shown=10):
    listed = sorted(map(str, names))
    rest = f" and {len(listed) - shown} more" if len(listed) > shown else ""
    return ", ".join(listed[:shown]) + rest if listed else "none"


def _module_name(file):
    stem = file.rpartition("/")[2].removesuffix(SUFFIX)
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


def _collect(module, registries, dag_id):
    """The DAGs by id; only the wanted one if the file registered it first."""
    scope, foreign = registries
    scope = scope or sys.modules.get("airflow.sdk._scope")
    if scope is not None and dag_id is not None:
        for dag in scope.registered:
            if dag.dag_id == dag_id:
                return {dag_id: dag}
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

# SPDX-License-Identifier: Apache-2.0
"""Features that are refused by name.

`refused(name)` gives a stand-in that may be imported, subclassed and named in annotations, and
raises NotSupportedError as soon as the file uses it. So a file is never half understood.
"""
from airflow.sdk.exceptions import NotSupportedError

_HINTS = {
    "setup": "order the tasks with >> and give the cleaning task trigger_rule=\"all_done\"",
    "branch": "let the task raise AirflowSkipException, or give the tasks a trigger_rule",
    "environment": "list the packages under `dependencies:` in leoflow.yaml and use @task",
    "sensor": "poll inside a @task, with retries and execution_timeout",
    "deferral": "wait inside the task",
    "watcher": "post the event through the API: POST /api/v2/assets/events",
    "trigger": "trigger the other DAG through the API",
    "latest": "compare data_interval_end with now in a @task and raise AirflowSkipException",
    "human": "split the DAG in two and trigger the second through the API",
    "container": "use BashOperator or @task; the task itself already runs isolated",
    "alert": "use on_failure_callback, or execution_timeout and dagrun_timeout",
    "partition": "use a cron or delta timetable",
}
_NAMES = {
    "setup": "setup teardown as_setup as_teardown",
    "branch": "branch short_circuit run_if skip_if BranchPythonOperator ShortCircuitOperator "
              "BaseBranchOperator "
              "BranchMixIn SkipMixin DownstreamTasksSkipped branch_virtualenv "
              "branch_external_python "
              "BranchPythonVirtualenvOperator BranchExternalPythonOperator",
    "environment": "virtualenv external_python PythonVirtualenvOperator ExternalPythonOperator",
    "sensor": "sensor BaseSensorOperator PokeReturnValue AirflowSensorTimeout "
              "AirflowRescheduleException",
    "deferral": "defer deferrable TaskDeferred TaskDeferralError TaskDeferralTimeout BaseTrigger "
                "start_from_trigger ResumableJobMixin",
    "watcher": "AssetWatcher AssetAccessControl",
    "trigger": "TriggerDagRunOperator DagRunTriggerException",
    "latest": "LatestOnlyOperator",
    "human": "HITLOperator ApprovalOperator HITLBranchOperator HITLEntryOperator",
    "container": "docker kubernetes kubernetes_cmd pyspark stub agent llm",
    "alert": "DeadlineAlert DeadlineReference AsyncCallback SyncCallback deadline",
    "partition": "CronPartitionTimetable PartitionedAssetTimetable PartitionMapper "
                 "PartitionAtRuntime",
}
_TITLES = {
    "setup": "setup and teardown", "branch": "branching",
    "environment": "a Python environment per task", "sensor": "sensors", "deferral": "deferral",
    "watcher": "watching what is outside",
    "trigger": "starting another DAG", "latest": "skipping all but the latest run",
    "human": "waiting for a person",
    "container": "tasks in other containers", "alert": "deadline alerts",
    "partition": "partitioned schedules",
}
_KIND_OF = {name: kind for kind, names in _NAMES.items() for name in names.split()}


def not_supported(name, where=""):
    """The error for a feature; `where` names the task or class that uses it."""
    kind = _KIND_OF.get(name.rpartition(".")[2])
    feature = f"{name} ({_TITLES[kind]})" if kind else name
    return NotSupportedError(feature, _HINTS.get(kind, ""), where)


class _RefusedMeta(type):
    def __call__(cls, *args, **kwargs):
        raise not_supported(cls._feature)

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise not_supported(cls._feature)


_made = {}


def refused(name):
    """The stand-in of that name; the same one each time."""
    if name not in _made:
        _made[name] = _RefusedMeta(name, (), {"_feature": name})
    return _made[name]


def module_getattr(module, names):
    """A module's __getattr__ that gives stand-ins for `names` (a space separated text)."""
    known = frozenset(names.split())

    def __getattr__(name):
        if name in known:
            return refused(name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return __getattr__

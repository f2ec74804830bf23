# SPDX-License-Identifier: Apache-2.0
"""`airflow.sdk`: everything a DAG file writes with. Names are loaded when first used."""

__version__ = "1.2.0"

_HOMES = {
    "airflow.sdk._dag": "DAG dag",
    "airflow.sdk._decorators": "task",
    "airflow.sdk._groups": "TaskGroup task_group",
    "airflow.sdk._operator": "BaseOperator",
    "airflow.sdk._xcomarg": "XComArg literal",
    "airflow.sdk._edges": "EdgeModifier Label chain chain_linear cross_downstream",
    "airflow.sdk._params": "Param ParamsDict",
    "airflow.sdk._enums": "TriggerRule WeightRule TaskInstanceState DagRunState",
    "airflow.sdk._timetables": "CronTriggerTimetable CronDataIntervalTimetable "
                               "DeltaTriggerTimetable "
                               "DeltaDataIntervalTimetable MultipleCronTriggerTimetable "
                               "EventsTimetable",
    "airflow.sdk._assets": "Asset AssetAlias AssetAll AssetAny Metadata",
    "airflow.sdk._asset_decorator": "asset",
    "airflow.sdk._asset_timetables": "AssetOrTimeSchedule",
    "airflow.sdk._context": "Context get_parsing_context TaskInstance",
    "airflow.sdk._conf": "conf",
    "airflow.sdk.variable": "Variable",
    "airflow.sdk.connection": "Connection",
    "airflow.sdk.hook": "BaseHook",
    "leoflow.runtime.context": "get_current_context",
}
_MODULES = frozenset(("macros", "timezone", "exceptions"))
_REFUSED = frozenset("""
    AllowedKeyMapper AssetAccessControl AssetWatcher AsyncCallback BaseAsyncOperator
    BaseBranchOperator BaseNotifier BaseOperatorLink
    BaseSensorOperator BaseXCom BranchMixIn ChainMapper CronPartitionTimetable DayWindow
    DeadlineAlert DeadlineReference ExceptionRetryPolicy FanOutMapper FixedKeyMapper HourWindow
    IdentityMapper MinimumCount MonthWindow NEVER_EXPIRE ObjectStoragePath
    PartitionAtRuntime PartitionedAssetTimetable PartitionMapper PokeReturnValue ProductMapper
    QuarterWindow ResumableJobMixin RetryAction RetryDecision RetryPolicy RetryRule RollupMapper
    SegmentWindow SkipMixin StartOfHourMapper StartOfDayMapper StartOfWeekMapper
    StartOfMonthMapper StartOfQuarterMapper StartOfYearMapper SyncCallback WaitForAll WeekWindow
    Window YearWindow lineage setup teardown""".split())
_home_of = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted([*_home_of, "macros"])


def __getattr__(name):
    if name in _home_of:
        value = getattr(_load(_home_of[name]), name)
    elif name in _MODULES:
        value = _load(f"airflow.sdk.{name}")
    elif name in _REFUSED:
        from airflow.sdk._unsupported import refused
        value = refused(name)
    else:
        raise AttributeError(f"module 'airflow.sdk' has no attribute {name!r}")
    globals()[name] = value
    return value


def _load(module):
    import sys
    __import__(module)
    return sys.modules[module]


def __dir__():
    return __all__

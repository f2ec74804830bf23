# SPDX-License-Identifier: Apache-2.0
"""Modules of Airflow that moved: their names are taken from the new place, and a compile note is
left.

One table instead of thirty files of three lines. Modules that are nowhere are left to Python, which
raises ModuleNotFoundError; leoflow.authoring.hints says what to do about those.
"""
import sys
from importlib.machinery import ModuleSpec

from airflow.sdk import _scope

_STANDARD = "airflow.providers.standard.operators"
# old module -> where its names are now. The first column is what the note quotes.
_MOVED = {
    "airflow.decorators": "airflow.sdk",
    "airflow.models": "airflow.sdk",
    "airflow.models.baseoperator": "airflow.sdk",
    "airflow.models.connection": "airflow.sdk",
    "airflow.models.dag": "airflow.sdk",
    "airflow.models.param": "airflow.sdk",
    "airflow.models.taskinstance": "airflow.sdk",
    "airflow.models.variable": "airflow.sdk",
    "airflow.models.xcom_arg": "airflow.sdk",
    "airflow.configuration": "airflow.sdk",
    "airflow.hooks.base": "airflow.sdk",
    "airflow.macros": "airflow.sdk.macros",
    "airflow.operators.bash": f"{_STANDARD}.bash",
    "airflow.operators.dummy": f"{_STANDARD}.empty",
    "airflow.operators.empty": f"{_STANDARD}.empty",
    "airflow.operators.python": f"{_STANDARD}.python",
    "airflow.timetables.assets": "airflow.sdk",
    "airflow.timetables.base": "airflow.sdk._timetables",
    "airflow.timetables.datasets": "airflow.sdk",
    "airflow.timetables.events": "airflow.sdk",
    "airflow.timetables.interval": "airflow.sdk",
    "airflow.timetables.simple": "airflow.sdk._timetables",
    "airflow.timetables.trigger": "airflow.sdk",
    "airflow.utils.context": "airflow.sdk",
    "airflow.utils.dates": "airflow._dates",
    "airflow.utils.edgemodifier": "airflow.sdk",
    "airflow.utils.helpers": "airflow.sdk",
    "airflow.utils.state": "airflow.sdk._enums",
    "airflow.utils.task_group": "airflow.sdk",
    "airflow.utils.timezone": "airflow.sdk.timezone",
    "airflow.utils.trigger_rule": "airflow.sdk",
    "airflow.utils.types": "airflow.sdk._enums",
    "airflow.utils.weight_rule": "airflow.sdk",
    "airflow.datasets": "airflow.sdk",
    "airflow.datasets.metadata": "airflow.sdk",
    "airflow.assets": "airflow.sdk",
}
# Real homes inside the SDK, which some files import from: no note, the names are the same.
_INSIDE = {
    "airflow.sdk.definitions.asset": "airflow.sdk",
    "airflow.sdk.definitions.asset.decorators": "airflow.sdk",
    "airflow.sdk.definitions.asset.metadata": "airflow.sdk",
    "airflow.sdk.definitions.metadata": "airflow.sdk",
    "airflow.sdk.bases.hook": "airflow.sdk", "airflow.sdk.bases.operator": "airflow.sdk",
    "airflow.sdk.definitions.connection": "airflow.sdk",
    "airflow.sdk.definitions.context": "airflow.sdk",
    "airflow.sdk.definitions.dag": "airflow.sdk", "airflow.sdk.definitions.edges": "airflow.sdk",
    "airflow.sdk.definitions.param": "airflow.sdk",
    "airflow.sdk.definitions.taskgroup": "airflow.sdk",
    "airflow.sdk.definitions.variable": "airflow.sdk",
    "airflow.sdk.definitions.xcom_arg": "airflow.sdk",
    "airflow.sdk.definitions.template": "airflow.sdk", "airflow.sdk.configuration": "airflow.sdk",
}
_ALIASES = {"DummyOperator": "EmptyOperator", "Dataset": "Asset", "DatasetAlias": "AssetAlias",
            "DatasetAll": "AssetAll", "DatasetAny": "AssetAny",
            "DatasetOrTimeSchedule": "AssetOrTimeSchedule"}
_ELSEWHERE = {"State": "airflow.sdk._enums", "TerminalTIState": "airflow.sdk._enums",
              "get_current_context": "airflow.sdk",
              "AssetNameRef": "airflow.sdk._assets", "AssetUriRef": "airflow.sdk._assets",
              "BaseAsset": "airflow.sdk._assets", "KNOWN_CONTEXT_KEYS": "airflow.sdk._binding",
              "NOTSET": "airflow.sdk._params"}
_NOT_SHOWN = {"airflow._dates": "datetime and a fixed start_date",
              "airflow.sdk._timetables": "airflow.sdk", "airflow.sdk._enums": "airflow.sdk"}
_REFUSED_IN = {"airflow.models": "XCom DagRun DagBag MappedOperator", "airflow.operators.python":
               "BranchPythonOperator ShortCircuitOperator PythonVirtualenvOperator "
               "ExternalPythonOperator"}


def _packages():
    found = set()
    for name in (*_MOVED, *_INSIDE):
        while "." in name:
            name = name.rpartition(".")[0]
            found.add(name)
    return found - {"airflow", "airflow.sdk"}


_PACKAGES = _packages()


def find_spec(name):
    """The spec of a moved module or of a package that holds some; None for any other."""
    if name in _MOVED or name in _INSIDE or name in _PACKAGES:
        return ModuleSpec(name, _Loader, is_package=name in _PACKAGES)
    return None


class _Loader:
    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        name = module.__name__
        new = _MOVED.get(name) or _INSIDE.get(name)
        if new:
            module.__getattr__ = lambda attribute: _forward(name, new, attribute)


def _forward(old, new, attribute):
    if attribute.startswith("__"):
        raise AttributeError(attribute)
    if old in _MOVED:
        _scope.note(f"{old} is an old path; write {_NOT_SHOWN.get(new, new)}")
    if attribute in _REFUSED_IN.get(old, "").split():
        from airflow.sdk._unsupported import refused
        return refused(attribute)
    if attribute == "DummyOperator":
        _scope.note("DummyOperator is an old name; write EmptyOperator")
    home = _ELSEWHERE.get(attribute, new)
    __import__(home)
    try:
        return getattr(sys.modules[home], _ALIASES.get(attribute, attribute))
    except AttributeError:
        raise AttributeError(
            f"module {old!r} (now {_NOT_SHOWN.get(new, new)}) has no attribute "
            f"{attribute!r}") from None

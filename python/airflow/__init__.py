# SPDX-License-Identifier: Apache-2.0
"""The Airflow authoring surface of Leoflow, standard library only. Write `from airflow.sdk import
DAG, task`."""
import sys

__version__ = "3.2.0"
_TOP = {"DAG": "airflow.sdk", "XComArg": "airflow.sdk", "Asset": "airflow.sdk",
        "Dataset": "airflow.sdk"}


def __getattr__(name):
    home = _TOP.get(name)
    if home is None:
        raise AttributeError(f"module 'airflow' has no attribute {name!r}")
    from airflow import sdk
    from airflow.sdk import _scope
    _scope.note(f"`from airflow import {name}` is an old path; write `from {home} import {name}`")
    return getattr(sdk, "Asset" if name == "Dataset" else name)


class _OldPaths:
    """Asked last for modules below airflow: those that moved, and those that are not here."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if not name.startswith("airflow."):
            return None
        from airflow import _old_paths
        return _old_paths.find_spec(name)


if not any(finder.__name__ == "_OldPaths" for finder in sys.meta_path if isinstance(finder, type)):
    sys.meta_path.append(_OldPaths)

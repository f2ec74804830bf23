# SPDX-License-Identifier: Apache-2.0
"""The operator behind @task."""
import sys

from airflow.providers.standard.operators.python import PythonOperator


class _PythonDecoratedOperator(PythonOperator):
    """A call of a function under @task."""

    custom_operator_name = "@task"
    decorator_name = "task"
    _known_arguments = PythonOperator._known_arguments

    def execute(self, context):
        self.inlets = [*self.inlets, *_assets_in((*self.op_args, *self.op_kwargs.values()))]
        result = super().execute(context)
        returned = _assets_in(result if isinstance(result, list) else (result,))
        self.outlets = [*self.outlets, *(one for one in returned if one not in self.outlets)]
        return result


def _assets_in(values):
    """Assets that a task was given, or gave."""
    assets = sys.modules.get("airflow.sdk._assets")
    return [] if assets is None else [one for one in values if isinstance(one, assets.Asset)]

# SPDX-License-Identifier: Apache-2.0
"""The operator behind @task."""
from airflow.providers.standard.operators.python import PythonOperator


class _PythonDecoratedOperator(PythonOperator):
    """A call of a function under @task."""

    custom_operator_name = "@task"
    decorator_name = "task"
    _known_arguments = PythonOperator._known_arguments

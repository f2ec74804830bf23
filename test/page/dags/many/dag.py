# SPDX-License-Identifier: Apache-2.0
"""Many tasks in groups, none of which takes time."""
from airflow.sdk import DAG, TaskGroup
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("many", schedule=None, max_active_tasks=64):
    start = EmptyOperator(task_id="start")
    for g in range(8):
        with TaskGroup(f"part_{g}") as part:
            for n in range(25):
                EmptyOperator(task_id=f"step_{n:02}")
        start >> part

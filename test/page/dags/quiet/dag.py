# SPDX-License-Identifier: Apache-2.0
"""One task that does nothing, for what only needs a run."""
from airflow.sdk import DAG, task

with DAG("quiet", schedule=None, tags=["small"]):

    @task
    def work():
        print("hello")

    work()

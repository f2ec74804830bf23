# SPDX-License-Identifier: Apache-2.0
"""The DAG file of the template's rehearsal (leoflow.runtime.rehearsal); never run as a real one."""

from airflow.sdk import DAG, task

with DAG("rehearsal", schedule=None):

    @task
    def step(value, ti=None):
        return {"try": ti.try_number, "value": value}

    step([1, "two"])

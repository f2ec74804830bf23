# SPDX-License-Identifier: Apache-2.0
"""Fails in its middle; what follows is not reached."""
from airflow.sdk import DAG, task

with DAG("broken_load", schedule=None, tags=["shop"], default_args={"owner": "ops"}):

    @task
    def extract():
        return [1, 2, 3]

    @task
    def load(rows):
        raise ConnectionError("could not connect to server: Connection refused (port 5432)")

    @task
    def publish():
        pass

    load(extract()) >> publish()

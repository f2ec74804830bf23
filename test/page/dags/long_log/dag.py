# SPDX-License-Identifier: Apache-2.0
"""A log of many lines, with one worth finding."""
from airflow.sdk import DAG, task

with DAG("long_log", schedule=None, params={"lines": 20000}):

    @task
    def chatter(params=None):
        for n in range(params["lines"]):
            print(f"line {n} of a long story, the needle is here" if n == 15000 else f"line {n}")

    chatter()

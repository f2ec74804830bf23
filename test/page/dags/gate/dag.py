# SPDX-License-Identifier: Apache-2.0
"""Waits until the test lets it go: conf names a file that the test makes."""
import os
import time

from airflow.sdk import DAG, task

with DAG("gate", schedule=None, max_active_runs=16, params={"file": ""}):

    @task(pool="gates")
    def hold(params=None):
        print("waiting at the gate", flush=True)
        seen = 0
        while not os.path.exists(params["file"]):
            lines = params["file"] + ".say"
            if os.path.exists(lines):
                with open(lines) as text:
                    for line in text.read().splitlines()[seen:]:
                        print(line, flush=True)
                        seen += 1
            time.sleep(0.02)

    @task
    def after():
        print("through")

    hold() >> after()

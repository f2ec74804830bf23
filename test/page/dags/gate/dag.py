# SPDX-License-Identifier: Apache-2.0
"""Waits until the test lets it go: conf names a file that the test makes."""
import os
import time

from airflow.sdk import DAG, task

with DAG("gate", schedule=None, max_active_runs=16, params={"file": ""}):

    @task(pool="gates")
    def hold(params=None):
        print("waiting at the gate", flush=True)
        seen, is_open = 0, False
        while not is_open:
            is_open = os.path.exists(params["file"])  # what was said before it is read below
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

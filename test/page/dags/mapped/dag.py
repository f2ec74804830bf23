# SPDX-License-Identifier: Apache-2.0
"""Mapped tasks: with labels, over a result, in a group. conf names files that the test makes: until
there is `file` the source waits, until there is `last` the last of its parts."""
import os
import time

from airflow.sdk import DAG, get_current_context, task, task_group


def wait_for(path):
    while path and not os.path.exists(path):
        time.sleep(0.02)


with DAG("mapped", schedule=None, max_active_runs=16, params={"file": "", "last": ""}):

    @task(map_index_template="{{ city }}")
    def visit(name):
        get_current_context()["city"] = name
        print(f"in {name}")
        if name == "oslo":
            raise ValueError("no train goes there")
        return name

    @task
    def parts(params=None):
        wait_for(params["file"])
        return list(range(24))

    @task
    def work(part, params=None):
        if part == 23:
            wait_for(params["last"])
        return part * 10

    @task
    def load(name):
        return name + "!"

    @task
    def check(text):
        return len(text)

    @task_group
    def handle(name):
        check(load(name))

    @task(trigger_rule="all_done")
    def total(values):
        return sum(values)

    @task
    def publish(visited):
        print(visited)

    publish(visit.expand(name=["rome", "oslo", "lima"]))
    total(work.expand(part=parts()))
    work.override(task_id="nothing").expand(part=[])
    handle.expand(name=["a", "bb", "ccc"])

# SPDX-License-Identifier: Apache-2.0
"""page: what a person waits for in a browser. Chromium against a server with a seeded history and
a large DAG that really ran; bench/figures/page.mjs measures, this file seeds and judges."""

import json
import os
import subprocess
import time
from pathlib import Path

from figures.lists import SeededServer
from support.server import ROOT, START_SECONDS_MAX
from support.table import Row

DAGS, RUNS = 1000, 100_000
DAGS_MANY, RUNS_MANY = 5000, 50_000
TASKS, TASK_RUNS = 1000, 100
ROUNDS = 9
TARGETS = {"paint": 400, "change": 100, "dropped": 0, "entry": 180}

LARGE = f'''from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("large", schedule=None, max_active_runs=8, max_active_tasks={TASKS}):
    for n in range({TASKS}):
        EmptyOperator(task_id=f"task_{{n:04}}")
'''


def fill_large(server):
    """The large DAG with all its runs."""
    server.wait_for_dag("large")
    for n in range(TASK_RUNS):
        server.call("POST", "/api/v2/dags/large/dagRuns",
                    {"logical_date": None, "dag_run_id": f"r{n:03}"})
    deadline = time.time() + START_SECONDS_MAX * 10
    while True:
        path = "/api/v2/dags/large/dagRuns?state=success&limit=1"
        if server.call("GET", path)["total_entries"] >= TASK_RUNS:
            return
        if time.time() > deadline:
            raise SystemExit("the runs of the large DAG did not end")
        time.sleep(0.1)


def browse(server, what, rounds):
    """What page.mjs says of a server: a list of figures."""
    program = os.environ.get("LEOFLOW_BENCH_PROGRAM")
    build = Path(program).parents[1] if program else ROOT / "build"
    done = subprocess.run(
        ["node", ROOT / "bench" / "figures" / "page.mjs", f"http://{server.address}", what,
         str(rounds)],
        check=True, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"LEOFLOW_BUILD": os.environ.get("LEOFLOW_BUILD", str(build))})
    return [json.loads(line) for line in done.stdout.splitlines()]


def page(options):
    rounds = options.rounds(ROUNDS)
    with SeededServer(RUNS, DAGS, {"large": LARGE}) as server:
        fill_large(server)
        figures = browse(server, "all", rounds)
    with SeededServer(RUNS_MANY, DAGS_MANY) as server:
        figures += browse(server, "dags", rounds)
    return [Row(each["figure"], each["value"], each["unit"], TARGETS.get(each["kind"]),
                note=each.get("note", "")) for each in figures]

# SPDX-License-Identifier: Apache-2.0
"""etl: the case study of examples/etl_duckdb, beside the same three functions as a bare script."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from support.postgres import Postgres
from support.server import ROOT, Server
from support.table import Row, median

EXAMPLE = ROOT / "examples" / "etl_duckdb"
ROWS_TEXT = "ROWS = 70_000_000"
FUNCTIONS = ("extract", "transform", "load")

# One function of the DAG in a process of its own: what a careful user would write by hand.
BARE = """
import json, sys, time
sys.path[:0] = [{surface!r}]
began = time.perf_counter()
import dag
result = dag.{name}.function({argument})
print(json.dumps([time.perf_counter() - began, result]))
"""


def example(folder, rows):
    """The project as it is published; only the number of rows may be another."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    if rows:
        source = folder / "dag.py"
        text = source.read_text()
        if ROWS_TEXT not in text:
            raise SystemExit(f"{source} no longer says {ROWS_TEXT}")
        source.write_text(text.replace(ROWS_TEXT, f"ROWS = {rows}"))


def bare_script(python, surface, project, dsn):
    """Wall time of the three functions in three processes, and the time inside their bodies."""
    with tempfile.TemporaryDirectory(prefix="leoflow-bench-") as staging:
        began, inside, argument = time.perf_counter(), 0.0, "None"
        for name in FUNCTIONS:
            code = BARE.format(surface=surface, name=name,
                               argument="" if argument == "None" else argument)
            done = subprocess.run(
                [python, "-c", code], cwd=project, capture_output=True, text=True, check=True,
                env={"LEOFLOW_STAGING_DIR": staging, "AIRFLOW_CONN_ETL_TARGET": dsn})
            seconds, result = json.loads(done.stdout.splitlines()[-1])  # the function prints, too
            inside += seconds
            argument = repr(result)
        return time.perf_counter() - began, inside


def add_connection(server, postgres):
    server.call("POST", "/api/v2/connections", {
        "connection_id": "etl_target", "conn_type": "postgres", "host": postgres.address,
        "port": postgres.port, "login": postgres.user, "password": postgres.password,
        "schema": "postgres"})


def environment_python():
    """The interpreter of the environment that the server built for the project."""
    cache = Path(os.environ.get("LEOFLOW_CACHE", Path(os.environ.get(
        "XDG_CACHE_HOME", Path.home() / ".cache")) / "leoflow"))
    for python in sorted((cache / "environments").glob("*/bin/python*")):
        if list(python.parent.parent.glob("lib/python*/site-packages/duckdb")):
            return python
    raise SystemExit(f"no environment with duckdb under {cache}")


def etl(options):
    walls, outside, waits, bare, bodies = [], [], [], [], []
    with Postgres() as postgres, Server() as server:
        postgres.run("CREATE TABLE category_revenue (category text, n bigint, revenue numeric)")
        project = server.workspace / "etl_duckdb"
        example(project, options.rows)
        add_connection(server, postgres)
        server.wait_for_dag("etl_duckdb")
        python = environment_python()
        warm_up = 200_000  # files of both environments in the page cache, the template started
        small = server.folder / "warm"
        example(small, warm_up)
        dsn = postgres.dsn()

        def by_hand(folder):
            return bare_script(python, str(ROOT / "python"), folder, dsn)

        def measure_by_hand():
            wall, body = by_hand(project)
            bare.append(wall)
            bodies.append(body)

        def measure_run():
            run = server.run("etl_duckdb")
            inside = sum(end - start for _, start, end in run.tasks())
            walls.append(run.wall)
            outside.append(run.ended_at - run.queued_at - inside)
            waits.append(run.after_accept - inside)

        by_hand(small)
        # Whoever comes second finds the disk busy with what the first wrote and removed: in turns.
        order = [measure_by_hand, measure_run]
        for _ in range(options.rounds(6)):
            for measure in order:
                measure()
            order.reverse()
    return [
        Row("etl outside user code", median(outside), "s", 0.1, peer="bare script",
            peer_value=median([wall - body for wall, body in zip(bare, bodies)]),
            note="run accepted to ended, without the tasks' own time"),
        Row("etl outside, seen by client", median(waits), "s"),
        Row("etl wall", median(walls), "s", median(bare), peer="bare script",
            peer_value=median(bare), note="trigger sent to success seen; ratio <= 1.00"),
    ]

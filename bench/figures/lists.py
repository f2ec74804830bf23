# SPDX-License-Identifier: Apache-2.0
"""lists: every list, the grid, a run's page, a task's page and the home page with 1,000,000 runs
and 5,000,000 task instances of 1,000 DAGs stored; the same with 1,000 runs beside it.

Seeded databases are kept in $LEOFLOW_BENCH_CACHE (~/.cache/leoflow-bench), by size and schema.
`server CPU` is what the server's threads spent per request, which other load on the host does not
change much; wall times need an idle host.
"""

import hashlib
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
import urllib.parse
from pathlib import Path

from support.seed import Seed
from support.server import ROOT, Server, cpu_seconds
from support.table import Row

DAGS = 1000
RUNS = int(os.environ.get("LEOFLOW_BENCH_RUNS", 1_000_000))
RUNS_SMALL = 1000
REQUESTS = 40
TARGET_MS = 50
TEMPLATE = "template"

DAG = '''from airflow.sdk import DAG, task

with DAG("template", schedule=None):
    last = None
    for n in range(5):
        @task(task_id=f"task_{n}")
        def step():
            return 1
        one = step()
        if last is not None:
            last >> one
        last = one
'''

RUNS_OF = "/api/v2/dags/{dag}/dagRuns"
TASKS_OF = "/api/v2/dags/{dag}/dagRuns/{run}/taskInstances"
EVERY_RUN = RUNS_OF.format(dag="~")
EVERY_TASK = TASKS_OF.format(dag="~", run="~")
ONE_TASK = TASKS_OF + "/task_2"


def questions(runs):
    """Name and path of each; {dag} and {run} are those of a run that is picked anew each time."""
    half = runs // 2
    day = urllib.parse.quote(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86400)))
    asked = {
        "home page": "/api/leoflow/v1/dashboard",
        "DAGs": "/api/v2/dags?limit=100",
        "DAGs, failing": "/api/v2/dags?last_dag_run_state=failed&limit=50",
        "DAGs, last run by state and start":
            f"/api/v2/dags?dag_run_state=failed&dag_run_start_date_gte={day}&limit=50",
        "DAGs, search": "/api/v2/dags?dag_id_pattern=_05&limit=50",
        "DAG stats": "/api/v2/dagStats",
        "runs": f"{EVERY_RUN}?order_by=-run_after&limit=100",
        "runs, halfway by offset": f"{EVERY_RUN}?order_by=-run_after&limit=100&offset={half}",
        "runs by start": f"{EVERY_RUN}?order_by=-start_date&limit=100",
        "runs by duration": f"{EVERY_RUN}?order_by=-duration&limit=100",
        "runs by duration, up": f"{EVERY_RUN}?order_by=duration&limit=100",
        "runs by id": f"{EVERY_RUN}?limit=100",
        "runs, running": f"{EVERY_RUN}?state=running&order_by=-run_after&limit=100",
        "runs, open by start": f"{EVERY_RUN}?state=running&state=queued&order_by=-start_date",
        "runs, failed": f"{EVERY_RUN}?state=failed&order_by=-run_after&limit=100",
        "runs, failed by start": f"{EVERY_RUN}?state=failed&order_by=-start_date&limit=100",
        "runs, manual": f"{EVERY_RUN}?run_type=manual&order_by=-run_after&limit=100",
        "runs, search": f"{EVERY_RUN}?run_id_pattern=manual&order_by=-run_after&limit=100",
        "runs of a day": f"{EVERY_RUN}?start_date_gte={day}&order_by=-start_date&limit=100",
        "runs of a DAG": RUNS_OF + "?order_by=-run_after&limit=100",
        "runs of a DAG by duration": RUNS_OF + "?order_by=-duration&limit=100",
        "runs of a DAG, failed": RUNS_OF + "?state=failed&order_by=-run_after&limit=100",
        "tasks": f"{EVERY_TASK}?order_by=-start_date&limit=100",
        "tasks by id": f"{EVERY_TASK}?order_by=-id&limit=100",
        "tasks by map index": f"{EVERY_TASK}?limit=100",
        "tasks, failed": f"{EVERY_TASK}?state=failed&order_by=-start_date&limit=100",
        "tasks, failed by end": f"{EVERY_TASK}?state=failed&order_by=-end_date&limit=50",
        "tasks, running": f"{EVERY_TASK}?state=running&order_by=-start_date&limit=100",
        "tasks since yesterday": f"{EVERY_TASK}?start_date_gte={day}&order_by=-start_date",
        "tasks of a DAG": TASKS_OF.replace("{run}", "~") + "?order_by=-start_date&limit=100",
        "a task over its runs":
            TASKS_OF.replace("{run}", "~") + "?task_id=task_2&order_by=-start_date&limit=50",
        "grid, 25 runs": "/api/leoflow/v1/dags/{dag}/grid?limit=25",
        "grid, 100 runs": "/api/leoflow/v1/dags/{dag}/grid?limit=100",
        "run": RUNS_OF + "/{run}",
        "run, tasks": TASKS_OF + "?limit=100",
        "run, attempts": "/api/leoflow/v1/dags/{dag}/dagRuns/{run}/attempts",
        "task": ONE_TASK,
        "task, tries": ONE_TASK + "/tries",
        "task, XComs": TASKS_OF + "/task_0/xcomEntries",
        "audit log": "/api/v2/eventLogs?order_by=-event_log_id&limit=100",
        "audit log of a DAG": "/api/v2/eventLogs?dag_id={dag}&order_by=-event_log_id&limit=100",
        "audit log of an owner": "/api/v2/eventLogs?owner=owner_3&order_by=-event_log_id&limit=100",
        "pools": "/api/leoflow/v1/pools",
        "import errors": "/api/v2/importErrors",
        "staging": "/api/leoflow/v1/staging",
    }
    return asked


def schema_hash():
    text = b"".join(path.read_bytes() for path in sorted((ROOT / "sql").glob("*.sql")))
    text += (ROOT / "bench" / "support" / "seed.py").read_bytes()
    return hashlib.sha256(text).hexdigest()[:12]


def seeded_home(runs, dags):
    """A home that was filled before, or is filled now."""
    cache = Path(os.environ.get("LEOFLOW_BENCH_CACHE", Path.home() / ".cache" / "leoflow-bench"))
    kept = cache / f"lists-{dags}-{runs}-{schema_hash()}"
    if not (kept / "complete").exists():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        server = Server({TEMPLATE: DAG}, folder=kept)
        server.start()
        server.wait_for_dag(TEMPLATE)
        server.stop()
        Seed(kept / "home" / "leoflow.db", TEMPLATE, dags, runs).fill()
        shutil.rmtree(kept / "dags")
        (kept / "complete").touch()
    return kept


class SeededServer(Server):
    """On a copy of a seeded home: what the server changes does not stay."""

    def __init__(self, runs, dags=DAGS, own=None):
        kept = seeded_home(runs, dags)
        folder = Path(tempfile.mkdtemp(prefix="leoflow-bench-", dir=kept.parent))
        shutil.copytree(kept / "home", folder / "home",
                        ignore=shutil.ignore_patterns("agent", "run", "*.lock", "server.json"))
        super().__init__(own, folder=folder)
        self.runs = runs

    def pick(self, database, number):
        """Names of one finished run, spread over the history."""
        key = 1 + number * 7919 % max(1, self.runs - 100)
        return database.execute("SELECT dag_id, run_id FROM runs WHERE run_key = ?",
                                (key,)).fetchone()


def measure(server, requests):
    """name -> (p50, p95, server CPU) in milliseconds."""
    database = sqlite3.connect(f"file:{server.home / 'leoflow.db'}?mode=ro", uri=True)
    figures = {}
    for name, path in questions(server.runs).items():
        walls = []
        paths = []
        for number in range(requests + 2):
            dag, run = server.pick(database, number)
            paths.append(path.replace("{dag}", urllib.parse.quote(dag, safe="~"))
                         .replace("{run}", urllib.parse.quote(run, safe="~")))
        for warm in paths[:2]:
            server.call("GET", warm)
        spent = cpu_seconds(server.process.pid)
        for one in paths[2:]:
            began = time.perf_counter()
            server.call("GET", one)
            walls.append((time.perf_counter() - began) * 1000)
        spent = (cpu_seconds(server.process.pid) - spent) * 1000 / requests
        cuts = statistics.quantiles(walls, n=20)
        figures[name] = (statistics.median(walls), cuts[18], spent)
    database.close()
    return figures


def lists(options):
    requests = options.rounds(REQUESTS) if not options.quick else 10
    with SeededServer(RUNS_SMALL) as server:
        small = measure(server, requests)
    with SeededServer(RUNS) as server:
        large = measure(server, requests)
    rows = []
    for name, (p50, p95, spent) in large.items():
        rows.append(Row(f"{name}, p95", p95, "ms", TARGET_MS, peer=f"{RUNS_SMALL:,} runs",
                        peer_value=small[name][1],
                        note=f"p50 {p50:.1f}, server CPU {spent:.1f} ms"
                             f" ({spent / max(small[name][2], 0.01):.1f} x)"))
    return rows

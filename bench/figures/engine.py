# SPDX-License-Identifier: Apache-2.0
"""engine: the engine alone on SQLite; the executor's tasks end at once (engine_bench.cc)."""

import json
import os
import subprocess
from pathlib import Path

from support.server import program
from support.table import Row, median


def engine(options):
    bench = Path(os.environ.get("LEOFLOW_ENGINE_BENCH", program().parent / "leoflow_engine_bench"))
    if not bench.exists():
        raise SystemExit(f"{bench} is missing\nhint: make bench builds it")
    seen = {}
    for _ in range(options.rounds(5)):
        done = subprocess.run([bench], check=True, capture_output=True, text=True)
        for line in done.stdout.splitlines():
            one = json.loads(line)
            seen.setdefault(one["figure"], []).append(one["per_second"])
    rate = {name: median(values) for name, values in seen.items()}
    return [
        Row("engine alone", rate["throughput"], "task instances/s", 10_000, True,
            peer="raw SQLite", peer_value=rate["floor"], note="100 runs of 10 x 10"),
        Row("cost per task, 10,000-task DAG", 1e6 / rate["big"], "us", 1.2e6 / rate["small"],
            peer="10-task DAGs", peer_value=1e6 / rate["small"], note="ratio <= 1.2"),
        Row("cost per mapped instance", 1e6 / rate["mapped"], "us", 1.2e6 / rate["throughput"],
            peer="tasks of that shape", peer_value=1e6 / rate["throughput"], note="ratio <= 1.2"),
        Row("the same, 10,000 in a run", 1e6 / rate["mapped_big"], "us", 1.2e6 / rate["big"],
            peer="10,000-task DAG", peer_value=1e6 / rate["big"], note="ratio <= 1.2"),
    ]

# SPDX-License-Identifier: Apache-2.0
"""handover: from the end of a task to the start of the next. chain: three no-op Python tasks."""

from figures import dags
from support import floors
from support.server import Server
from support.table import Row, median, percentile

HANDOVER_TASKS = 30
CHAIN_TASKS = 3


def handover(options):
    gaps, starts = [], []
    with Server({"long": dags.chain("long", HANDOVER_TASKS)}) as server:
        server.wait_for_dag("long")
        server.run("long")  # warms the interpreter
        for _ in range(options.rounds(10)):
            run = server.run("long")
            rows = run.tasks()
            gaps += [after[1] - before[2] for before, after in zip(rows, rows[1:])]
            starts.append(rows[0][1] - run.queued_at)
    fork = floors.fork_and_wait(1)
    ms = [gap * 1000 for gap in gaps]
    return [
        Row("handover p50", median(ms), "ms", 5, peer="bare fork", peer_value=fork * 1000,
            note=f"end_date to next start_date, {len(ms)} of a chain of {HANDOVER_TASKS}"),
        Row("handover p99", percentile(ms, 99), "ms", 20),
        Row("trigger to first start p50", median(starts) * 1000, "ms"),
    ]


def chain(options):
    walls = []
    with Server({"three": dags.chain("three", CHAIN_TASKS)}) as server:
        server.wait_for_dag("three")
        server.run("three")
        for _ in range(options.rounds(30)):
            walls.append(server.run("three").wall * 1000)
    python = CHAIN_TASKS * floors.python_start() * 1000
    return [
        Row("chain of 3 p50", median(walls), "ms", 60, peer="3 bare python starts",
            peer_value=python, note="trigger sent to success seen"),
        Row("chain of 3 p99", percentile(walls, 99), "ms"),
    ]

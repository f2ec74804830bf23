# SPDX-License-Identifier: Apache-2.0
"""idle: 50 DAGs and nothing to do. Memory and CPU of server and agent."""

import time

from figures import dags
from support.server import Server, cpu_seconds, pss
from support.table import Row

DAGS = 50
SECONDS = 20


def idle(options):
    projects = {f"dag_{n:02}": dags.chain(f"dag_{n:02}", 5) for n in range(DAGS)}
    with Server(projects) as server:
        for dag_id in projects:
            server.wait_for_dag(dag_id)
        server.run("dag_00")
        time.sleep(options.seconds(5))  # what follows a start and a run is over
        pids = (server.process.pid, server.agent_pid())
        began, cpu = time.perf_counter(), [cpu_seconds(pid) for pid in pids]
        time.sleep(options.seconds(SECONDS))
        spent = sum(cpu_seconds(pid) - before for pid, before in zip(pids, cpu))
        share = 100 * spent / (time.perf_counter() - began)
        memory = [pss(pid) for pid in pids]
    return [
        Row("idle memory, 50 DAGs", sum(memory), "MB", 40,
            note=f"PSS, server {memory[0]:.1f} + agent {memory[1]:.1f}, no interpreter"),
        Row("idle CPU, 50 DAGs", share, "% of a core", 0.1),
    ]

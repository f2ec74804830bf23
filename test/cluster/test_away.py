# SPDX-License-Identifier: Apache-2.0
"""The API server of Kubernetes is away: tasks that run end, what was asked for and what waits is
made when it is back, and the server neither grows nor talks meanwhile.

It is away until the node has missed it, and for LEOFLOW_API_AWAY_SECONDS at least: 180 shows more
than the default, none.
"""
import os
import re
import sys
import time

import test_tasks as tasks
from onenode.processes import until
from support import state_of

AWAY_SECONDS = float(os.environ.get("LEOFLOW_API_AWAY_SECONDS", "0"))
GROWTH_KB_MAX = 24 << 10
LINES_MAX = 20              # of the server's log, and one for each so many seconds:
SECONDS_PER_LINE_MIN = 10
NODE_TRIES_MIN = 4          # of the kubelet to renew its lease: ten seconds and more
LEASE_MISSED = "Failed to ensure lease exists, will retry"
# `first` waits for the test; `second` has a pod before that, which is held for it.
HANDED = tasks.HEAD + """
@dag(schedule=None)
def handed():
    @task
    def first():
        while not Path("/staging/go").exists():
            time.sleep(0.1)
        return socket.gethostname()

    @task
    def second(given):
        return [given, socket.gethostname()]

    second(first())

handed()
"""
QUICK = tasks.HEAD + """
@dag(schedule=None)
def quick():
    @task
    def only():
        return socket.gethostname()

    only()

quick()
"""


class Away(tasks.TasksTest):
    dags = {"handed/dag.py": HANDED, "handed/leoflow.yaml": tasks.STAGING,
            "held/dag.py": tasks.HELD, "held/leoflow.yaml": tasks.STAGING,
            "quick/dag.py": QUICK, "quick/leoflow.yaml": tasks.STAGING}
    settings = "start_ahead: all\n"

    def test_everything_ends_well_and_once(self):
        volumes = self.begin_what_runs()
        self.server.trigger("quick", "asked")   # its claim or pod is on its way, no more
        self.cluster.ask("stop", "kube-apiserver")
        self.addCleanup(self.api_server_is_back)
        begun, lines = time.monotonic(), len(self.log_lines())
        tries = self.tries_of_the_node()
        self.server.trigger("quick", "waiting")
        for folder in volumes:
            (folder / "go").touch()
        self.ends("held", "runs")
        self.ends("handed", "r1")
        second = self.server.attempts("handed", "r1", "second")[0]
        self.assertIsNotNone(second["held_since"], "it was handed to the pod that was held")
        self.until_("it is told why the other run waits",
                    lambda: self.reason("quick", "waiting"))
        memory = self.server_memory()
        until("the node has missed the API server", lambda: time.monotonic() >= begun + AWAY_SECONDS
              and self.tries_of_the_node() >= tries + NODE_TRIES_MIN,
              AWAY_SECONDS + tasks.SECONDS_MAX)
        grown, said = self.server_memory() - memory, self.log_lines()[lines:]
        away = time.monotonic() - begun
        print(f"away {away:.0f} s: {memory} kB + {grown} kB, {len(said)} lines of log; "
              f"told: {self.reason('quick', 'waiting')}", file=sys.stderr)
        self.assertLess(grown, GROWTH_KB_MAX)
        self.assertLess(len(said), LINES_MAX + away / SECONDS_PER_LINE_MIN, said)
        self.api_server_is_back()
        back = time.monotonic()
        for run_id in ("asked", "waiting"):
            self.ends("quick", run_id)
        print(f"all ended {time.monotonic() - back:.1f} s after it was back", file=sys.stderr)
        self.all_were_placed_once()
        self.until_("pods and claims are gone", lambda: not self.pods() and not self.claims())

    def tries_of_the_node(self):
        """How often its kubelet has asked for its lease in vain, less and less often each time."""
        log = self.cluster.place.logs / "kubelet.log"
        return log.read_text(errors="replace").count(LEASE_MISSED)

    def begin_what_runs(self):
        """Two runs whose tasks run, one with a pod held for the next task; their volumes."""
        for dag_id, run_id, task_id in (("held", "runs", "wait"), ("handed", "r1", "first")):
            self.server.trigger(dag_id, run_id)
            self.until_running(dag_id, task_id, run_id)
        self.until_("a pod is held", lambda: any(
            tasks.task_of(pod)[2] == "second" and "running" in state_of(pod)
            for pod in self.pods_of("handed", "r1")))
        self.until_("its agent is here", lambda: len(self.agents()) == 3)
        return [self.volume("held", "runs"), self.volume("handed", "r1")]

    def agents(self):
        return self.server.get("/api/leoflow/v1/agents")["agents"]

    def all_were_placed_once(self):
        for dag_id, run_id, task_ids in (("held", "runs", ["wait"]), ("handed", "r1",
                                         ["first", "second"]), ("quick", "asked", ["only"]),
                                         ("quick", "waiting", ["only"])):
            attempts = self.server.attempts(dag_id, run_id)
            self.assertEqual(sorted(row["task_id"] for row in attempts), task_ids)
            for task_id in task_ids:
                self.assert_no_try_spent(dag_id, task_id, run_id)

    def server_memory(self):
        """kB"""
        with open(f"/proc/{self.server.pid}/status", encoding="utf-8") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    def log_lines(self):
        return self.server.printed().splitlines()

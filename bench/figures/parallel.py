# SPDX-License-Identifier: Apache-2.0
"""parallel: 100 no-op Python tasks and a join; the same as a mapped task. thousand: 10 layers of
100, and memory; 1,000 instances of a mapped task."""

import threading
import time

from figures import dags
from support import floors
from support.server import Server, pss
from support.table import Row, median

PARALLEL = 100
DEPTH, WIDTH = 10, 100
MAPPED = 1000
MAPPED_SHARE_MAX = 1.2   # of the time that an instance takes where there are 100


class MemoryWatch(threading.Thread):
    """Highest PSS of server and agent together while it runs."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.pids = (server.process.pid, server.agent_pid())
        self.peak = 0.0
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(0.25):
            self.peak = max(self.peak, sum(pss(pid) for pid in self.pids))

    def end(self):
        self.done.set()
        self.join()
        return self.peak


def parallel(options):
    walls = {"fan": [], "mapped": []}
    with Server({"fan": dags.fan("fan", PARALLEL),
                 "mapped": dags.mapped("mapped", PARALLEL)}) as server:
        for name in walls:
            server.wait_for_dag(name)
            server.run(name)
        for _ in range(options.rounds(10)):
            for name, of_dag in walls.items():
                of_dag.append(server.run(name).wall)
                time.sleep(0.3)
    forks = floors.fork_and_wait(PARALLEL + 1)
    fan = median(walls["fan"])
    return [Row("100 parallel + join", fan, "s", 0.9, peer="101 bare forks", peer_value=forks),
            Row("100 mapped + sum of results", median(walls["mapped"]), "s", 0.9,
                peer="100 parallel + join", peer_value=fan)]


def thousand(options):
    walls, peaks = [], []
    mapped = {PARALLEL: [], MAPPED: []}
    names = {width: f"mapped{width}" for width in mapped}
    with Server({"layers": dags.layers("layers", DEPTH, WIDTH)}) as server:
        server.wait_for_dag("layers")
        for _ in range(options.rounds(3)):
            watch = MemoryWatch(server)
            watch.start()
            walls.append(server.run("layers").wall)
            peaks.append(watch.end())
        for width, name in names.items():
            server.write_dag(name, dags.mapped(name, width))
            server.wait_for_dag(name)
        for _ in range(options.rounds(3)):
            for width, name in names.items():
                mapped[width].append(server.run(name).wall / width)
    few, many = (median(each) * 1000 for each in mapped.values())
    forks = floors.fork_and_wait(DEPTH * WIDTH, 3)
    return [
        Row("1,000 tasks, 10 x 100", median(walls), "s", 7, peer="1,000 bare forks",
            peer_value=forks),
        Row("memory during 1,000 tasks", max(peaks), "MB", 150, note="peak PSS, server + agent"),
        Row("an instance of 1,000 mapped, in those of 100", many / few, "x", MAPPED_SHARE_MAX,
            note=f"{many:.2f} ms, {few:.2f} ms"),
    ]

# SPDX-License-Identifier: Apache-2.0
"""What one warm Python task costs: template.py driven over its protocol with a no-op DAG.

Prints the p50 from spawn request to exit notice, the same to the task's first sign of life, a chain
of three tasks after a pause, tasks per second with two in flight, the CPU time of a task, and the
ratio to a bare fork and exit of this process measured in the same run. --template measures another
tree beside this one, turn by turn, so that what else the machine does falls on both.

    /usr/bin/python3.11 bench/python_fork_bench.py [--count 300] [--surface fake|airflow]
        [--template OTHER/python/leoflow/template.py]
"""

import argparse
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "python", "tests", "runtime"))

import harness  # noqa: E402

AIRFLOW_DAG = """
from airflow.sdk import DAG, task

with DAG("d", schedule=None):

    @task
    def t():
        return None

    t()
"""
BATCH, CHAIN = 10, 3
PAUSE_SECONDS = 0.05
FAKE_DAG = 'd = Dag("d", Op("t"))\n'


class Flight:
    """One attempt under way."""

    def __init__(self, agent, start):
        self.began = time.perf_counter()
        self.control, self.outputs = agent.spawn()
        harness.send_frame(self.control, start)
        self.running = None

    def serve(self):
        """Follows the attempt until its outcome is acknowledged."""
        while True:
            call = harness.read_frame(self.control)
            if call["op"] == "running":
                self.running = time.perf_counter() - self.began
            elif call["op"] == "outcome":
                if call["kind"] != "succeeded":
                    sys.exit(f"the no-op task failed: {call['reason']}")
                harness.send_frame(self.control, {})
                return
            elif call["op"] != "rendered":
                harness.send_frame(self.control, {})

    def close(self):
        self.control.close()
        for fd in self.outputs:
            os.close(fd)


def wait_exits(agent, wanted):
    while wanted:
        frame = harness.read_frame(agent.channel)
        if frame["op"] == "exited":
            wanted -= 1


def one_by_one(agent, start, count):
    walls, lives = [], []
    for _ in range(count):
        flight = Flight(agent, start)
        flight.serve()
        wait_exits(agent, 1)
        walls.append(time.perf_counter() - flight.began)
        lives.append(flight.running)
        flight.close()
    return walls, lives


def two_in_flight(agent, start, count):
    began = time.perf_counter()
    flying = [Flight(agent, start)]
    for _ in range(count - 1):
        flying.append(Flight(agent, start))
        first = flying.pop(0)
        first.serve()
        wait_exits(agent, 1)
        first.close()
    flying[0].serve()
    wait_exits(agent, 1)
    flying[0].close()
    return count / (time.perf_counter() - began)


def bare_forks(count):
    walls = []
    for _ in range(count):
        began = time.perf_counter()
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        walls.append(time.perf_counter() - began)
    return walls


def millis(values, share=0.5):
    return sorted(values)[int(len(values) * share)] * 1e3


def chain(agent, start):
    """Three tasks, each spawned at the outcome of the one before, after a pause as between runs."""
    time.sleep(PAUSE_SECONDS)
    began = time.perf_counter()
    for _ in range(CHAIN):
        flight = Flight(agent, start)
        flight.serve()
        flight.close()
    wall = time.perf_counter() - began
    wait_exits(agent, CHAIN)
    return wall


def cpu_seconds(agent):
    """Of the template and of all its children that have ended."""
    with open(f"/proc/{agent.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


class Side:
    """One tree that is measured."""

    def __init__(self, template):
        self.template = harness.TEMPLATE = template
        self.agent = harness.Agent()
        self.walls, self.lives, self.chains, self.rates = [], [], [], []
        self.cpu, self.tasks = 0.0, 0

    def measure(self, start):
        began = cpu_seconds(self.agent)
        walls, lives = one_by_one(self.agent, start, BATCH)
        self.walls += walls
        self.lives += lives
        self.chains.append(chain(self.agent, start))
        self.rates.append(two_in_flight(self.agent, start, BATCH))
        self.cpu += cpu_seconds(self.agent) - began
        self.tasks += 2 * BATCH + CHAIN

    def report(self):
        print(self.template)
        for name, values in (
            ("task, request to exit", self.walls),
            ("request to running", self.lives),
            ("chain of three", self.chains),
        ):
            print(f"  {name:22}  p50 {millis(values):6.2f} ms   p90 {millis(values, 0.9):6.2f} ms")
        print(f"  {'two in flight':22}  p50 {millis(self.rates) / 1e3:6.0f} tasks/s")
        print(f"  {'CPU':22}      {self.cpu / self.tasks * 1e3:6.2f} ms per task")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--surface", choices=("fake", "airflow"), default="airflow")
    parser.add_argument("--template", action="append", default=[])
    options = parser.parse_args()
    fake = options.surface == "fake"
    bundle = harness.Bundle(FAKE_DAG if fake else AIRFLOW_DAG, fake=fake)
    start = harness.start_frame(bundle.file)
    sides, bare = [], []
    try:
        for template in [*options.template, harness.TEMPLATE]:
            sides.append(Side(template))
            one_by_one(sides[-1].agent, start, BATCH)
        for _ in range(max(1, options.count // BATCH)):
            for side in sides:
                side.measure(start)
            bare += bare_forks(BATCH)
    finally:
        for side in sides:
            side.agent.close()
        bundle.close()
    for side in sides:
        side.report()
        print(f"  {'ratio to a bare fork':22}      {millis(side.walls) / millis(bare):6.1f}")
    print(f"bare fork and exit        p50 {millis(bare):6.2f} ms   p90 {millis(bare, 0.9):6.2f} ms")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""What one warm Python task costs: template.py driven over its protocol with a no-op DAG.

Prints the p50 from spawn request to exit notice, the same to the task's first sign of life, tasks
per second with two
in flight, and the ratio to a bare fork and exit of this process measured in the same run.

    /usr/bin/python3.11 bench/python_fork_bench.py [--count 300] [--surface fake|airflow]
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--surface", choices=("fake", "airflow"), default="airflow")
    options = parser.parse_args()
    fake = options.surface == "fake"
    bundle = harness.Bundle(FAKE_DAG if fake else AIRFLOW_DAG, fake=fake)
    agent = harness.Agent()
    try:
        start = harness.start_frame(bundle.file)
        one_by_one(agent, start, 10)
        bare = bare_forks(options.count)
        walls, lives = one_by_one(agent, start, options.count)
        rate = two_in_flight(agent, start, options.count)
    finally:
        agent.close()
        bundle.close()
    print(f"task, request to exit   p50 {millis(walls):6.2f} ms   p90 {millis(walls, 0.9):6.2f} ms")
    print(f"request to running      p50 {millis(lives):6.2f} ms   p90 {millis(lives, 0.9):6.2f} ms")
    print(f"two in flight           {rate:6.0f} tasks/s")
    print(
        f"bare fork and exit      p50 {millis(bare):6.2f} ms   ratio {millis(walls) / millis(bare):.1f}"
    )


if __name__ == "__main__":
    main()

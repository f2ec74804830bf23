# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments of server, agent and interpreters under a load of 200 tasks.

LEOFLOW_KILL_SEEDS says how many seeds (3), LEOFLOW_KILL_SEED the first one (1): a seed chooses the
victims and the moments. Prints how long each recovery took; asserts end states only.
"""
import os
import random
import signal
import time
import unittest
from collections import defaultdict
from pathlib import Path

from harness import Server, alive, send, until

SEEDS = int(os.environ.get("LEOFLOW_KILL_SEEDS", "3"))
FIRST_SEED = int(os.environ.get("LEOFLOW_KILL_SEED", "1"))
RUNS = 4
TASKS = 50
LINES = 40
KILLS = 6
RUN_SECONDS_MAX = 240
# Each task leaves a trace that does not depend on us: who began and who ended, with pid.
DAG = '''
import os
import time
from pathlib import Path
from airflow.sdk import dag, task

@dag(schedule=None, params={"folder": ""}, max_active_tasks=16)
def load():
    @task
    def work(index, params=None, run_id=None):
        trace = Path(params["folder"]) / f"{run_id}.{index}"
        attempt = os.environ["LEOFLOW_ATTEMPT"].rpartition("/")[2]
        def note(what):
            with open(trace, "a") as file:
                file.write(f"{what} {attempt} {os.getpid()} {time.monotonic()}\\n")
        note("start")
        for number in range(LINES):
            print(f"line {number} of {index}")
            if number == LINES // 2:
                time.sleep(0.02 * (index % 5))
        note("end")
        return index

    previous = {}
    for index in range(TASKS):
        done = work.override(task_id=f"t{index:02}")(index)
        if index % 10 in previous:
            previous[index % 10] >> done
        previous[index % 10] = done

load()
'''.replace("LINES", str(LINES)).replace("TASKS", str(TASKS))


def read_trace(path):
    """[(what, attempt, pid, time)] of a task; a line cut off by a kill is left out."""
    rows = [line.split() for line in path.read_text().splitlines()]
    return [(what, int(attempt), int(pid), float(at)) for what, attempt, pid, at in
            (row for row in rows if len(row) == 4)]


class RandomKill(unittest.TestCase):
    def setUp(self):
        self.server = Server({"load.py": DAG}, arguments=["--parallelism", "16"])
        self.addCleanup(self.server.close)
        self.folder = self.server.folder / "effects"
        self.folder.mkdir()
        self.runs = [f"r{number}" for number in range(RUNS)]
        self.recoveries = defaultdict(list)

    def begun(self):
        """How many attempts have begun so far."""
        return sum(path.read_text().count("start ") for path in self.folder.iterdir())

    def open_tasks(self):
        return any(self.server.run_state("load", run) not in ("success", "failed")
                   for run in self.runs)

    def wait_for_progress(self, beyond, what, since):
        """Until an attempt begins that had not; recovery is the time that took."""
        until(f"progress after the end of the {what}",
              lambda: self.begun() > beyond or not self.open_tasks(), RUN_SECONDS_MAX)
        self.recoveries[what].append(time.monotonic() - since)

    def kill_one(self, chance):
        what = chance.choice(["server", "agent", "interpreter", "both"])
        if what == "interpreter" and not self.server.interpreters():
            what = "agent"
        since, beyond = time.monotonic(), self.begun()
        if what in ("agent", "both") and self.server.agent():
            send(self.server.agent(), signal.SIGKILL)
        if what == "interpreter":
            for pid in self.server.interpreters()[:1]:
                send(pid, signal.SIGKILL)
        if what in ("server", "both"):
            self.server.kill()
            self.server.start()
        self.wait_for_progress(beyond, what, since)

    def play(self, seed):
        chance = random.Random(seed)
        for run in self.runs:
            self.server.trigger("load", run, {"folder": str(self.folder)})
        for _ in range(KILLS):
            # The next moment is chosen by how much has been done, so that a slow machine is no
            # different.
            target = self.begun() + chance.randint(1, 2 * RUNS * TASKS // (3 * KILLS))
            until("the next moment", lambda: self.begun() >= target or not self.open_tasks(),
                  RUN_SECONDS_MAX)
            if not self.open_tasks():
                break
            self.kill_one(chance)

    def check(self):
        for run in self.runs:
            self.assertEqual(self.server.finished("load", run, RUN_SECONDS_MAX), "success")
            rows = self.server.get(
                f"/api/v2/dags/load/dagRuns/{run}/taskInstances?limit=200")["task_instances"]
            self.assertEqual(len(rows), TASKS)
            settled = {row["task_id"]: row["id"] for row in self.server.attempts("load", run)
                       if row["state"] == "settled"}
            for row in rows:
                # Lost places spend no retries.
                self.assertEqual((row["state"], row["try_number"]), ("success", 1), row)
                self.check_trace(run, int(row["task_id"][1:]), settled[row["task_id"]])
                self.check_log(run, row["task_id"])

    def check_trace(self, run, index, settled):
        rows = read_trace(self.folder / f"{run}.{index}")
        starts = [row for row in rows if row[0] == "start"]
        self.assertEqual(len({row[1] for row in starts}), len(starts), f"begun twice: {rows}")
        self.assertIn(("end", settled), [(row[0], row[1]) for row in rows], f"{run} {index}")
        # What an attempt does comes entirely before the next one begins.
        order = [row[1] for row in sorted(rows, key=lambda row: row[3])]
        seen = []
        for attempt in order:
            if attempt in seen and seen[-1] != attempt:
                self.fail(f"two live attempts of {run} {index}: {rows}")
            seen.append(attempt)
        for row in starts:
            if row[1] != settled:
                self.assertFalse(alive(row[2]) and self.is_ours(row[2]), f"still alive: {row}")

    def is_ours(self, pid):
        try:
            return str(self.server.home).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    def check_log(self, run, task_id):
        index = int(task_id[1:])
        printed = self.server.events("load", task_id, run, logger="task.stdout")
        self.assertEqual(printed, [f"line {number} of {index}" for number in range(LINES)],
                         f"log of {run} {task_id}")

    def tell_recoveries(self, seed):
        for what, times in sorted(self.recoveries.items()):
            longest = max(times)
            print(f"seed {seed}: {what} x{len(times)}, longest recovery {longest:.2f} s",
                  flush=True)


def add_seed(seed):
    def test(self):
        self.play(seed)
        self.check()
        self.tell_recoveries(seed)
    setattr(RandomKill, f"test_seed_{seed:04}", test)


for number in range(FIRST_SEED, FIRST_SEED + SEEDS):
    add_seed(number)

if __name__ == "__main__":
    unittest.main()

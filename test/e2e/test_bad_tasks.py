# SPDX-License-Identifier: Apache-2.0
"""Tasks that misbehave: in what they print, return, start, take and ignore."""
import os
import unittest
from pathlib import Path

from harness import ServerTest, alive, until

LARGE = bool(os.environ.get("LEOFLOW_E2E_LARGE"))
MEGABYTES = 1000 if LARGE else 200
LINE = "x" * 1023
BIG_RUN_SECONDS = 300


def nested(depth):
    return [nested(depth - 1)] if depth else {"end": None}


# Every shape that JSON has, and the numbers and texts that are easily bent.
SHAPES = {
    "words": [None, True, False],
    "numbers": [0, -1, 1.0, 0.1, -0.0, 1e300, 5e-324, 2**53 + 1, 2**63 - 1, -2**63, 2**64 - 1],
    "texts": ["", " ", "null", '"\\', "\n\t\x7f", "h\u00e9", "\u2028", "\U0001f600", "</script>"],
    "empty": [[], {}, [[]], [{}]],
    "keys": {"": 1, "a b": 2, "return_value": 3, "\u00e9": 4},
    "deep": nested(30),
}

DAG = '''
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from airflow.sdk import dag, task

BASE = dict(schedule=None, params={"folder": ""})

@dag(**BASE)
def flood():
    @task
    def much():
        line = "x" * 1023 + "\\n"
        for _ in range(MEGABYTES):
            sys.stdout.write(line * 1024)
        print("the end")
    much()

@dag(**BASE)
def long_line():
    @task
    def one():
        sys.stdout.write("y" * (100 << 20) + "\\n")
        print("after the line")
    one()

@dag(**BASE)
def bytes_out():
    @task
    def raw():
        sys.stdout.flush()
        os.write(1, b"caf\\xe9 \\xff\\x00 end\\n")
        os.write(1, b'{"looks": "like json"}\\n')
        os.write(1, b"no newline at the end")
    raw()

@dag(**BASE)
def daemons():
    @task
    def forks(params=None):
        for number in range(3):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    name = Path(params["folder"]) / f"daemon.{number}"
                    name.write_text(str(os.getpid()))
                    time.sleep(600)
                os._exit(0)
        while len([p for p in Path(params["folder"]).glob("daemon.*") if p.read_text()]) < 3:
            time.sleep(0.01)
        return "ended"
    forks()

@dag(**BASE)
def stubborn():
    @task(execution_timeout=timedelta(seconds=1))
    def ignores(params=None):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        child = subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; sleep 600"])
        (Path(params["folder"]) / "pids").write_text(f"{os.getpid()} {child.pid}")
        while True:
            try:
                time.sleep(1)
            except BaseException:
                pass
    ignores()

@dag(**BASE)
def deaf():
    @task
    def ignores(params=None):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (Path(params["folder"]) / "deaf").write_text(str(os.getpid()))
        while True:
            try:
                time.sleep(1)
            except BaseException:
                pass
    ignores()

@dag(**BASE)
def values():
    @task
    def unserialisable():
        return threading.Lock()

    @task
    def large():
        return "v" * (300 * 1024)

    @task
    def reads(value):
        return len(value)

    unserialisable()
    reads(large())

@dag(**BASE)
def leaves():
    @task
    def abrupt():
        print("last words")
        sys.stdout.flush()
        os._exit(3)

    @task
    def asks_to_exit():
        sys.exit(4)

    @task
    def recurses():
        def deeper(n):
            return deeper(n + 1) + 1
        deeper(0)

    [abrupt(), asks_to_exit(), recurses()]

@dag(**BASE)
def shapes():
    @task
    def gives():
        return SHAPES

    @task
    def takes(value):
        assert value == SHAPES, value
        assert [type(one) for one in value["numbers"]] == [type(one) for one in SHAPES["numbers"]]
        return value["deep"]

    takes(gives())

for made in (flood, long_line, bytes_out, daemons, stubborn, deaf, values, leaves, shapes):
    made()
'''.replace("MEGABYTES", str(MEGABYTES)).replace("SHAPES", repr(SHAPES))

HUNGRY = '''
import os
from pathlib import Path
from airflow.sdk import dag, task

@dag(schedule=None)
def hungry():
    @task
    def eats():
        data = []
        while True:
            data.append(bytearray(os.urandom(1 << 20)) * 8)

    @task
    def fills():
        folder = Path(os.environ["LEOFLOW_STAGING_DIR"])
        with open(folder / "big", "wb") as file:
            for _ in range(512):
                file.write(b"z" * (1 << 20))
                file.flush()
                os.fsync(file.fileno())
        import time
        time.sleep(600)

    eats() >> fills.override(trigger_rule="all_done")()

hungry()
'''
HUNGRY_YAML = '''
staging: {enabled: true, size: 16Mi}
tasks:
  eats: {resources: {limits: {memory: 128Mi}}}
'''


class BadTasks(ServerTest):
    dags = {"bad.py": DAG, "hungry/dag.py": HUNGRY, "hungry/leoflow.yaml": HUNGRY_YAML}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.effects = cls.server.folder / "effects"
        cls.effects.mkdir()
        cls.conf = {"folder": str(cls.effects)}

    def ended(self, dag_id, task_id):
        """State of a task and all its log says, after the run."""
        self.server.run(dag_id, conf=self.conf)
        return self.server.task(dag_id, task_id)["state"], self.text(dag_id, task_id)

    def text(self, dag_id, task_id):
        lines = self.server.whole_log(dag_id, task_id)
        return "\n".join(str(line.get("event")) + str(line.get("error_detail", ""))
                         + str(line.get("exception", "")) for line in lines)

    def log_file(self, dag_id, task_id):
        name = f"logs/dag_id={dag_id}/run_id=r1/task_id={task_id},attempt=*.log"
        path = next(self.server.home.glob(name))

        def last_line():
            with open(path, "rb") as file:
                file.seek(max(0, path.stat().st_size - 4096))
                return b" ended" in file.read().splitlines()[-1]
        until("the end of the log", last_line)
        return path

    def test_flood_of_output_is_kept_whole(self):
        self.assertEqual(self.server.run("flood", seconds=BIG_RUN_SECONDS), "success")
        count, last = 0, b""
        with open(self.log_file("flood", "much"), "rb") as file:
            for line in file:
                count += LINE.encode() in line
                last = line if b"task.stdout" in line else last
        self.assertEqual(count, MEGABYTES * 1024)
        self.assertIn(b"the end", last)
        # The server did not read it into memory at once.
        status = Path(f"/proc/{self.server.pid}/status").read_text()
        peak = int(status.split("VmHWM:")[1].split()[0])
        self.assertLess(peak, 400 * 1024, "kB of memory of the server")
        page = self.server.get("/api/v2/dags/flood/dagRuns/r1/taskInstances/much/logs/1")
        self.assertTrue(page["continuation_token"])

    def test_line_of_100_mb_is_cut_and_complete(self):
        self.assertEqual(self.server.run("long_line", seconds=BIG_RUN_SECONDS), "success")
        total = after = 0
        with open(self.log_file("long_line", "one"), "rb") as file:
            for line in file:
                self.assertLess(len(line), 8 << 20)
                total += line.count(b"y") if b"yyyyyyyy" in line else 0
                after += b"after the line" in line
        self.assertGreaterEqual(total, 100 << 20)
        self.assertEqual(after, 1)

    def test_bytes_that_are_no_text(self):
        self.assertEqual(self.server.run("bytes_out"), "success")
        # All it printed is in the log as soon as the run is over, also what has no line end.
        texts = [line["event"] for line in self.server.log("bytes_out", "raw")
                 if line.get("logger") == "task.stdout"]
        self.assertEqual(len(texts), 3, texts)
        self.assertTrue(texts[0].startswith("caf\ufffd \ufffd") and texts[0].endswith(" end"))
        self.assertEqual(texts[1], '{"looks": "like json"}')
        self.assertEqual(texts[2], "no newline at the end")

    def test_daemons_end_with_their_task(self):
        self.assertEqual(self.server.run("daemons", conf=self.conf), "success")
        pids = [int(path.read_text()) for path in self.effects.glob("daemon.*")]
        self.assertEqual(len(pids), 3)
        until("the end of the daemons", lambda: not any(alive(pid) for pid in pids))
        self.assertEqual(self.server.xcom("daemons", "forks"), "ended")

    def test_timeout_ends_who_ignores_signals(self):
        state, text = self.ended("stubborn", "ignores")
        self.assertEqual(state, "failed")
        self.assertRegex(text.lower(), r"time ?out|timed out|time limit")
        pids = [int(pid) for pid in (self.effects / "pids").read_text().split()]
        until("the end of task and child", lambda: not any(alive(pid) for pid in pids))

    def test_cancel_ends_who_ignores_signals(self):
        self.server.trigger("deaf", conf=self.conf)
        path = self.effects / "deaf"
        until("the task", lambda: path.exists() and path.read_text())
        pid = int(path.read_text())
        self.server.task_is("deaf", "ignores", "running")
        self.server.call("PATCH", "/api/v2/dags/deaf/dagRuns/r1", {"state": "failed"})
        until("the end of the task", lambda: not alive(pid))
        self.assertEqual(self.server.task("deaf", "ignores")["state"], "failed")

    def test_values(self):
        self.assertEqual(self.server.run("values"), "failed")
        self.assertEqual(self.server.tasks("values"), {"unserialisable": "failed",
                                                       "large": "success", "reads": "success"})
        text = self.text("values", "unserialisable")
        self.assertRegex(text, r"lock")
        self.assertRegex(text.lower(), r"serializ|serialis|json")
        self.assertEqual(self.server.xcom("values", "large"), "v" * (300 * 1024))
        self.assertEqual(self.server.xcom("values", "reads"), 300 * 1024)

    def test_values_of_every_shape_come_back_as_they_were(self):
        self.assertEqual(self.server.run("shapes"), "success", self.text("shapes", "takes"))
        given = self.server.xcom("shapes", "gives")
        self.assertEqual(given, SHAPES)
        self.assertEqual([type(one) for one in given["numbers"]],
                         [type(one) for one in SHAPES["numbers"]])
        self.assertEqual(self.server.xcom("shapes", "takes"), SHAPES["deep"])

    def test_ways_to_leave(self):
        self.assertEqual(self.server.run("leaves"), "failed")
        self.assertEqual(set(self.server.tasks("leaves").values()), {"failed"})
        self.assertIn("last words", self.text("leaves", "abrupt"))
        self.assertRegex(self.text("leaves", "abrupt"), r"exit (code|status) 3")
        self.assertRegex(self.text("leaves", "asks_to_exit"), r"\b4\b")
        self.assertIn("RecursionError", self.text("leaves", "recurses"))

    def test_memory_and_disk_limits(self):
        checks = {row["name"]: row for row in
                  self.server.get("/api/leoflow/v1/doctor")["checks"]}
        if checks["cgroups"]["state"] != "ok":
            self.skipTest("no control groups here: " + checks["cgroups"]["message"])
        state, text = self.ended("hungry", "eats")
        self.assertEqual(state, "failed")
        self.assertRegex(text.lower(), r"memory")
        [killed] = self.server.attempts("hungry", task_id="eats")
        self.assertGreater(killed["memory_peak_bytes"], 64 << 20)   # nobody told it but the kernel
        self.assertEqual(self.server.task("hungry", "fills")["state"], "failed")
        self.assertRegex(self.text("hungry", "fills"), r"16 ?Mi|staging")
        # The server is in good health after all that.
        health = self.server.get("/api/v2/monitor/health")
        self.assertEqual(health["scheduler"]["status"], "healthy")


if __name__ == "__main__":
    unittest.main()

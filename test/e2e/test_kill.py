# SPDX-License-Identifier: Apache-2.0
"""kill -9 of each process in the middle of a task."""
import os
import signal
import unittest
from pathlib import Path

from harness import Server, alive, kill, send, until

LINES = 400
# A task that works until it is let go; side effects tell who ran when.
DAG = '''
import os
import time
from pathlib import Path
from airflow.sdk import dag, task

@dag(schedule=None, params={"folder": ""})
def etl():
    @task
    def extract(params=None):
        folder = Path(params["folder"])
        attempt = os.environ["LEOFLOW_ATTEMPT"].rpartition("/")[2]
        (folder / f"started.{attempt}").write_text(str(os.getpid()))
        for number in range(LINES // 2):
            print("line", number)
        while not (folder / "go").exists():
            time.sleep(0.01)
        for number in range(LINES // 2, LINES):
            print("line", number)
        (folder / f"ended.{attempt}").touch()
        return LINES

    @task
    def load(rows):
        print("loaded", rows)
        return rows

    load(extract())

etl()
'''.replace("LINES", str(LINES))


class Kill(unittest.TestCase):
    def setUp(self):
        self.server = Server({"etl.py": DAG})
        self.addCleanup(self.server.close)
        self.folder = self.server.folder / "effects"
        self.folder.mkdir()
        self.server.trigger("etl", conf={"folder": str(self.folder)})
        self.first = self.next_attempt()

    def started(self):
        """{attempt: pid} of those that ran."""
        return {int(path.suffix[1:]): int(path.read_text() or 0)
                for path in self.folder.glob("started.*")}

    def next_attempt(self, after=()):
        found = until("an attempt begins", lambda: {
            attempt: pid for attempt, pid in self.started().items()
            if attempt not in after and pid})
        return next(iter(found.items()))

    def let_go(self):
        (self.folder / "go").touch()

    def assert_log_complete(self, try_number=1):
        printed = self.server.events("etl", "extract", try_number=try_number, logger="task.stdout")
        self.assertEqual(printed, [f"line {number}" for number in range(LINES)])

    def assert_success(self, attempts, try_number=1):
        self.assertEqual(self.server.finished("etl"), "success")
        self.assertEqual(self.server.tasks("etl"), {"extract": "success", "load": "success"})
        self.assertEqual(len(self.started()), attempts)
        self.assertEqual(self.server.task("etl", "extract")["try_number"], try_number)
        self.assertEqual(self.server.xcom("etl", "load"), LINES)
        self.assert_log_complete(try_number)

    def test_server_in_the_middle_of_a_task(self):
        self.server.kill()
        self.assertTrue(alive(self.first[1]))
        self.server.start()
        self.assertEqual(self.server.run_state("etl"), "running")
        self.let_go()
        self.assert_success(attempts=1)

    def test_server_away_while_the_task_ends(self):
        self.server.kill()
        self.let_go()
        until("the task's end", lambda: not alive(self.first[1]))
        self.server.start()
        self.assert_success(attempts=1)

    def test_server_again_and_again(self):
        for _ in range(5):
            self.server.kill()
            self.server.start()
        self.let_go()
        self.assert_success(attempts=1)

    def test_orderly_stop_leaves_the_task_running(self):
        self.assertEqual(self.server.stop(), 0)
        self.assertTrue(alive(self.first[1]))
        self.let_go()
        until("the task's end", lambda: not alive(self.first[1]))
        self.server.start()
        self.assert_success(attempts=1)

    def test_agent_in_the_middle_of_a_task(self):
        old = self.server.agent()
        kill(old)
        second = self.next_attempt(after=[self.first[0]])
        self.assertFalse(alive(self.first[1]))
        self.assertNotEqual(self.server.agent(), old)
        self.let_go()
        self.assert_success(attempts=2)
        states = {row["id"]: row["state"] for row in self.server.attempts("etl", task_id="extract")}
        self.assertEqual(states, {self.first[0]: "lost", second[0]: "settled"})

    def test_server_and_agent_together(self):
        kill(self.server.agent())
        self.server.kill()
        self.server.start()
        self.next_attempt(after=[self.first[0]])
        self.assertFalse(alive(self.first[1]))
        self.let_go()
        self.assert_success(attempts=2)

    def test_interpreter_in_the_middle_of_a_task(self):
        kill(until("an interpreter", self.server.interpreters)[0])
        self.next_attempt(after=[self.first[0]])
        until("the end of the old process", lambda: not alive(self.first[1]))
        self.let_go()
        self.assert_success(attempts=2)

    def test_task_process_itself(self):
        kill(self.first[1])
        self.assertEqual(self.server.finished("etl"), "failed")
        task = self.server.task("etl", "extract")
        self.assertEqual((task["state"], task["try_number"]), ("failed", 1))
        text = " ".join(self.server.events("etl", "extract"))
        self.assertRegex(text, r"signal 9|SIGKILL")
        self.assertEqual(len(self.started()), 1)

    def test_stopped_agent_is_waited_for(self):
        agent = self.server.agent()
        send(agent, signal.SIGSTOP)
        self.addCleanup(send, agent, signal.SIGCONT)
        self.let_go()
        until("the task's end", lambda: list(Path(self.folder).glob("ended.*")))
        send(agent, signal.SIGCONT)
        self.assert_success(attempts=1)


class Cancel(unittest.TestCase):
    def test_marking_a_run_failed_ends_its_processes(self):
        server = Server({"etl.py": DAG})
        self.addCleanup(server.close)
        folder = server.folder / "effects"
        folder.mkdir()
        server.trigger("etl", conf={"folder": str(folder)})
        first = until("an attempt", lambda: [p for p in folder.glob("started.*") if p.read_text()])
        pid = int(first[0].read_text())
        server.task_is("etl", "extract", "running")
        server.call("PATCH", "/api/v2/dags/etl/dagRuns/r1", {"state": "failed"})
        until("the end of its process", lambda: not alive(pid))
        self.assertEqual(server.run_state("etl"), "failed")
        self.assertEqual(server.tasks("etl")["extract"], "failed")
        self.assertTrue(os.path.isdir(folder))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""`leoflow runs trigger --follow`: every line that tasks print is shown once and in order, and the
status tells how the run ended."""
import json
import re
import unittest

from harness import ServerTest

EXIT_RUN_FAILED = 10
LINES = 2000
DAG = '''
from datetime import timedelta
from airflow.sdk import dag, task

def chatter(name, count=LINES):
    for number in range(count):
        print("<" + name, str(number) + ">", "x" * (number % 300))

@dag(schedule=None, params={"fail": False})
def chatty():
    @task
    def left():
        chatter("left")

    @task
    def right():
        chatter("right")

    @task(retries=1, retry_delay=timedelta(0))
    def again(ti=None):
        chatter("try" + str(ti.try_number))
        if ti.try_number == 1:
            raise ValueError("once more")

    @task
    def last(params=None):
        chatter("last")
        if params["fail"]:
            raise ValueError("as planned")

    [left(), right(), again()] >> last()

chatty()
'''.replace("LINES", str(LINES))
TASK_OF = {"left": "left", "right": "right", "try1": "again", "try2": "again", "last": "last"}


class Follow(ServerTest):
    dags = {"chatty.py": DAG}

    def follow(self, run_id, *words):
        self.server.dag("chatty")
        return self.server.leoflow("runs", "trigger", "chatty", "--run-id", run_id, "--follow",
                                   *words)

    def assert_complete(self, text):
        numbers = {name: [] for name in TASK_OF}
        for line in text.splitlines():
            found = re.match(r"(\w+) +\| \d\d:\d\d:\d\d\.\d{3} <(\w+) (\d+)> (x*)$", line)
            if not found:
                self.assertNotRegex(line, r"<\w+ \d+>", "a torn line")
                continue
            task, name, number, rest = found.groups()
            self.assertEqual(task, TASK_OF[name])
            self.assertEqual(len(rest), int(number) % 300)
            numbers[name].append(int(number))
        for name, seen in numbers.items():
            self.assertEqual(len(seen), LINES, name)
            self.assertEqual(seen, list(range(LINES)), name)

    def test_a_run_that_succeeds(self):
        ran = self.follow("good")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assert_complete(ran.stdout)
        self.assertIn("ValueError: once more", ran.stdout)
        self.assertRegex(ran.stderr, r"again +\* running, try 2")
        self.assertRegex(ran.stderr, r"last +\* success")
        self.assertRegex(ran.stdout, r"\ntotal .*outside tasks")

    def test_a_run_that_fails(self):
        ran = self.follow("bad", "--conf", '{"fail": true}')
        self.assertEqual(ran.returncode, EXIT_RUN_FAILED, ran.stderr)
        self.assert_complete(ran.stdout)
        self.assertIn("ValueError: as planned", ran.stdout)
        self.assertRegex(ran.stderr, r"last +\* failed")

    def test_as_json_the_lines_leave_stdout_to_the_result(self):
        for fail, status, state in (("false", 0, "success"), ("true", EXIT_RUN_FAILED, "failed")):
            ran = self.follow("json_" + state, "--conf", '{"fail": %s}' % fail, "-o", "json")
            self.assertEqual(ran.returncode, status, ran.stderr)
            self.assert_complete(ran.stderr)
            run = json.loads(ran.stdout)
            self.assertEqual(run["state"], state)
            self.assertEqual({task["task_id"] for task in run["task_instances"]},
                             set(TASK_OF.values()))


if __name__ == "__main__":
    unittest.main()

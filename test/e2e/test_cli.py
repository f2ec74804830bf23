# SPDX-License-Identifier: Apache-2.0
"""The command line with real servers, and `leoflow run` without one."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import LEOFLOW, ServerTest, clean_environment, leoflow

EXIT_INVALID, EXIT_NOT_FOUND, EXIT_UNAVAILABLE, EXIT_RUN_FAILED = 2, 4, 6, 10

BASH = '''
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("shell", schedule=None) as dag:
    BashOperator(task_id="hello", bash_command="echo hello from bash; exit {status}")
'''
PYTHON = '''
from airflow.sdk import dag, task

@dag(schedule=None, params={{"name": "world"}})
def greet():
    @task
    def hello(params=None):
        print("hello", params["name"])
        {body}
        return params["name"]
    hello()

greet()
'''
TWO_STEPS = '''
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("two_steps", schedule=None) as dag:
    first = BashOperator(task_id="first", bash_command="true", pool="narrow")
    first >> BashOperator(task_id="second", bash_command="true")
'''
FLAKY = PYTHON.format(body='raise ValueError("as planned")').replace("greet", "flaky")


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lf-e2e-run-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_text(self, text, *words):
        path = self.folder / "dag.py"
        path.write_text(text)
        return leoflow("run", str(path), *words)

    def test_bash_that_succeeds(self):
        ran = self.run_text(BASH.format(status=0))
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("hello from bash", ran.stdout)

    def test_bash_that_fails(self):
        ran = self.run_text(BASH.format(status=7))
        self.assertEqual(ran.returncode, EXIT_RUN_FAILED, ran.stderr)
        self.assertIn("failed", ran.stdout)

    def test_python_with_parameters(self):
        ran = self.run_text(PYTHON.format(body="pass"), "--conf", '{"name": "Ada"}', "-o", "json")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn('"success"', json.dumps(json.loads(ran.stdout)))
        self.assertIn("hello Ada", ran.stderr)

    def test_python_that_raises(self):
        ran = self.run_text(PYTHON.format(body='raise ValueError("as planned")'))
        self.assertEqual(ran.returncode, EXIT_RUN_FAILED, ran.stderr)
        self.assertIn("as planned", ran.stdout + ran.stderr)

    def test_file_that_does_not_compile(self):
        ran = self.run_text("def broken(:\n")
        self.assertEqual(ran.returncode, EXIT_INVALID, ran.stderr)
        self.assertIn("SyntaxError", ran.stderr)

    def test_path_that_is_not_there(self):
        ran = leoflow("run", str(self.folder / "none"))
        self.assertEqual(ran.returncode, EXIT_NOT_FOUND, ran.stderr)

    def test_project_made_by_init_works_as_it_is(self):
        project = self.folder / "my_project"
        self.assertEqual(leoflow("init", str(project)).returncode, 0)
        checked = leoflow("validate", str(project), "--home", str(self.folder / "home"))
        self.assertEqual(checked.returncode, 0, checked.stderr)
        ran = leoflow("run", str(project))
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn("success", ran.stdout)

    def test_nothing_stays_behind(self):
        inside = self.folder / "tmp"
        inside.mkdir()
        (self.folder / "dag.py").write_text(BASH.format(status=0))
        ran = leoflow("run", str(self.folder / "dag.py"), env={"TMPDIR": str(inside)})
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(list(inside.iterdir()), [])

    def test_no_server_is_said(self):
        ran = leoflow("dags", "list", "--home", str(self.folder / "nothing"))
        self.assertIn(ran.returncode, (EXIT_UNAVAILABLE, EXIT_NOT_FOUND), ran.stderr)
        self.assertIn("hint:", ran.stderr)


class Commands(ServerTest):
    dags = {"greet.py": PYTHON.format(body="pass"), "flaky.py": FLAKY, "two_steps.py": TWO_STEPS}

    def test_trigger_and_wait_tells_by_its_status(self):
        self.server.dag("greet")
        self.server.dag("flaky")
        good = self.server.leoflow("runs", "trigger", "greet", "--run-id", "a", "--follow",
                                   "--conf", '{"name": "Bob"}')
        self.assertEqual(good.returncode, 0, good.stderr)
        self.assertIn("hello Bob", good.stdout)
        bad = self.server.leoflow("runs", "trigger", "flaky", "--run-id", "a", "--wait")
        self.assertEqual(bad.returncode, EXIT_RUN_FAILED, bad.stderr)
        missing = self.server.leoflow("runs", "trigger", "nobody")
        self.assertEqual(missing.returncode, EXIT_NOT_FOUND, missing.stderr)

    def test_clear_shows_what_it_would_touch(self):
        self.assertEqual(self.server.run("flaky", "clear_me"), "failed")
        words = ("tasks", "clear", "flaky", "clear_me")
        preview = self.server.leoflow(*words)
        self.assertNotEqual(preview.returncode, 0)
        self.assertIn("hello", preview.stderr)
        self.assertIn("--yes", preview.stderr)
        self.assertEqual(self.server.task("flaky", "hello", "clear_me")["try_number"], 1)
        done = self.server.leoflow(*words, "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.server.finished("flaky", "clear_me")
        self.assertEqual(self.server.task("flaky", "hello", "clear_me")["try_number"], 2)

    def test_tasks_that_do_not_move_have_a_reason(self):
        self.server.dag("two_steps")
        full = self.server.leoflow("pools", "set", "narrow", "0")
        self.assertEqual(full.returncode, 0, full.stderr)
        self.server.trigger("two_steps", "held")
        self.server.task_is("two_steps", "first", "scheduled", "held")
        wanted = {"first": "pool narrow", "second": "waits for first"}
        for words, rows_of in ((("tasks", "list"), lambda told: told),
                               (("runs", "show"), lambda told: told["task_instances"])):
            told = self.server.leoflow(*words, "two_steps", "held", "-o", "json")
            self.assertEqual(told.returncode, 0, told.stderr)
            reasons = {row["task_id"]: row["reason"] for row in rows_of(json.loads(told.stdout))}
            table = self.server.leoflow(*words, "two_steps", "held").stdout
            for task, reason in wanted.items():
                self.assertIn(reason, reasons[task])
                self.assertIn(reason, table)
        self.server.leoflow("pools", "set", "narrow", "1")
        self.assertEqual(self.server.finished("two_steps", "held"), "success")
        rows = json.loads(self.server.leoflow("tasks", "list", "two_steps", "held", "-o",
                                              "json").stdout)
        self.assertEqual([row["reason"] for row in rows], [None, None])

    def test_follow_tells_why_nothing_moves(self):
        self.server.dag("greet")
        self.server.leoflow("dags", "pause", "greet")
        command = [str(LEOFLOW), "runs", "trigger", "greet", "--run-id", "paused", "--follow",
                   "--home", str(self.server.home)]
        with subprocess.Popen(command, env=clean_environment(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as follower:
            self.addCleanup(follower.kill)
            for line in follower.stderr:
                if "hello * the DAG is paused" in line:
                    break
            else:
                self.fail("it ended without a word")
            self.server.leoflow("dags", "unpause", "greet")
            rest = follower.stderr.read()
            self.assertEqual(follower.wait(60), 0, rest)

    def test_json_output_is_json(self):
        self.assertEqual(self.server.run("greet", "for_json"), "success")
        for words in (("dags", "list"), ("runs", "list"), ("tasks", "list", "greet", "for_json"),
                      ("versions", "list", "greet"), ("pools", "list"), ("doctor",)):
            ran = self.server.leoflow(*words, "-o", "json")
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertTrue(json.loads(ran.stdout), words)

    def test_secrets_are_not_printed(self):
        stored = self.server.leoflow("connections", "set", "cli_db", "--uri",
                                     "postgres://u:s3cr3t-cli@h:1/d")
        self.assertEqual(stored.returncode, 0, stored.stderr)
        for form in ("table", "json"):
            for words in (("connections", "list"), ("connections", "get", "cli_db")):
                ran = self.server.leoflow(*words, "-o", form)
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertNotIn("s3cr3t-cli", ran.stdout + ran.stderr)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""The command line with real servers, and `leoflow run` without one."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import LEOFLOW, Server, ServerTest, clean_environment, leoflow

EXIT_INVALID, EXIT_DENIED, EXIT_NOT_FOUND, EXIT_CONFLICT = 2, 3, 4, 5
EXIT_UNAVAILABLE, EXIT_RUN_FAILED = 6, 10

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
WAITS = '''
import time
from pathlib import Path
from airflow.sdk import BaseHook, dag, task

@dag(schedule=None, params={"file": ""})
def waits():
    @task
    def wait(params=None):
        while not Path(params["file"]).exists():
            time.sleep(0.01)
        return BaseHook.get_connection("db").password[::-1]
    wait()

waits()
'''
FLAKY = PYTHON.format(body='raise ValueError("as planned")').replace("greet", "flaky")


def keys_in(text):
    return [line for line in text.splitlines() if not line.startswith("#")]


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
        self.assertIn("hint: ", ran.stderr)

    def test_why_a_task_failed_is_in_the_table(self):
        ran = self.run_text(FLAKY)
        self.assertIn("ValueError: as planned", ran.stdout.split("REASON")[1])

    def test_names_for_a_shell_are_quoted(self):
        ran = leoflow("init", str(self.folder / "it's mine"))
        self.assertIn(r"leoflow lite '" + str(self.folder) + r"/it'\''s mine'", ran.stderr)

    def test_schema_of_leoflow_yaml(self):
        ran = leoflow("schema")
        self.assertIn("staging", json.loads(ran.stdout)["properties"], ran.stderr)

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
    dags = {"greet.py": PYTHON.format(body="pass"), "flaky.py": FLAKY, "two_steps.py": TWO_STEPS,
            "never_run.py": BASH.format(status=0).replace("shell", "never_run")}

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

    def test_the_newest_run_needs_no_id(self):
        self.server.dag("never_run")
        none = self.server.leoflow("runs", "show", "never_run", "@latest")
        self.assertEqual(none.returncode, EXIT_NOT_FOUND, none.stderr)
        self.assertIn("`leoflow runs trigger never_run`", none.stderr)
        self.assertEqual(self.server.run("greet", "for_latest"), "success")
        shown = self.server.leoflow("runs", "show", "greet", "@latest")
        self.assertIn("for_latest", shown.stdout, shown.stderr)
        self.assertNotIn("note", shown.stdout)
        log = self.server.leoflow("runs", "logs", "greet", "@latest", "hello")
        self.assertIn("hello world", log.stdout, log.stderr)
        cleared = self.server.leoflow("tasks", "clear", "greet", "@latest", "--all", "--yes")
        self.assertEqual(cleared.returncode, 0, cleared.stderr)
        wrong = self.server.leoflow("runs", "show", "greet", "@first")
        self.assertEqual(wrong.returncode, EXIT_INVALID, wrong.stderr)

    def test_what_is_not_found_says_where_to_look(self):
        for words, hint in ((("runs", "trigger", "gret"), "leoflow dags list"),
                            (("runs", "show", "greet", "none"), "leoflow runs list"),
                            (("connections", "get", "none"), "leoflow connections list"),
                            (("variables", "get", "none"), "leoflow variables list")):
            ran = self.server.leoflow(*words)
            self.assertEqual(ran.returncode, EXIT_NOT_FOUND, ran.stderr)
            self.assertIn(f"hint: `{hint}", ran.stderr)

    def test_connections_are_tested_only_where_the_server_may(self):
        self.server.leoflow("connections", "set", "elsewhere", "--uri", "http://127.0.0.1:9/")
        ran = self.server.leoflow("connections", "test", "elsewhere")
        self.assertEqual(ran.returncode, EXIT_DENIED, ran.stderr)
        self.assertIn("LEOFLOW_TEST_CONNECTIONS=1", ran.stderr)

    def test_files_of_connections_go_in_and_out_without_secrets(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "connections.yaml")
            file.write_text("file_db:\n  conn_type: postgres\n  host: h\n"
                            "  password: s3cr3t-file\n")
            ran = self.server.leoflow("connections", "import", str(file))
            self.assertEqual(ran.returncode, 0, ran.stderr)
            again = self.server.leoflow("connections", "import", str(file))
            self.assertIn("0 connections are set", again.stdout + again.stderr)
            out = self.server.leoflow("connections", "export", "--format", "env")
            self.assertIn("file_db=postgres://h", out.stdout, out.stderr)
            self.assertNotIn("s3cr3t", out.stdout)
            self.assertIn("secrets are left out", out.stderr)
            refused = self.server.leoflow("connections", "export", "--secrets")
            self.assertEqual(refused.returncode, EXIT_DENIED, refused.stderr)
            self.assertIn("LEOFLOW_EXPORT_SECRETS=1", refused.stderr)

    def test_files_of_variables_come_back_as_they_were(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "variables.json")
            file.write_text('{"file_n": 5, "file_list": [1, "two"]}')
            ran = self.server.leoflow("variables", "import", str(file))
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertEqual(self.server.leoflow("variables", "get", "file_list").stdout,
                             '[1,"two"]\n')
            out = Path(folder, "out.json")
            self.server.leoflow("variables", "export", str(out))
            back = json.loads(out.read_text())
            self.assertEqual((back["file_n"], back["file_list"]), (5, [1, "two"]))
            kept = self.server.leoflow("variables", "import", str(file),
                                       "--action-on-existing-key", "fail")
            self.assertEqual(kept.returncode, EXIT_INVALID, kept.stderr)

    def test_doctor_shows_hints_whole(self):
        checks = json.loads(self.server.leoflow("doctor", "-o", "json").stdout)
        table = self.server.leoflow("doctor").stdout
        for check in checks:
            self.assertIn(check["message"], table)
            self.assertIn(check["hint"], table)

    def test_secrets_are_not_printed(self):
        stored = self.server.leoflow("connections", "set", "cli_db", "--uri",
                                     "postgres://u:s3cr3t-cli@h:1/d")
        self.assertEqual(stored.returncode, 0, stored.stderr)
        for form in ("table", "json"):
            for words in (("connections", "list"), ("connections", "get", "cli_db")):
                ran = self.server.leoflow(*words, "-o", form)
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertNotIn("s3cr3t-cli", ran.stdout + ran.stderr)


class RotateKey(unittest.TestCase):
    def test_secrets_tokens_and_running_tasks_outlive_a_new_key(self):
        server = Server({"waits.py": WAITS})
        self.addCleanup(server.close)
        go = server.folder / "go"
        server.leoflow("connections", "set", "db", "--uri", "postgres://u:s3cret-pw@h:1/d")
        server.trigger("waits", conf={"file": str(go)})
        server.task_is("waits", "wait", "running")
        key = server.home / "secrets.key"
        before, token = key.read_text(), (server.home / "cli.token").read_text()
        refused = server.leoflow("db", "rotate-key")
        self.assertEqual(refused.returncode, EXIT_CONFLICT, refused.stderr)
        self.assertIn(server.url, refused.stderr)
        self.assertEqual(key.read_text(), before)
        self.assertEqual(server.stop(), 0)
        rotated = server.leoflow("db", "rotate-key", "-o", "json")
        self.assertEqual(rotated.returncode, 0, rotated.stderr)
        self.assertGreaterEqual(json.loads(rotated.stdout)["resealed"], 3)
        old, new = keys_in(before), keys_in(key.read_text())
        self.assertEqual(len(new), 1)
        self.assertNotIn(new[0], old)
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        server.start()
        self.assertEqual((server.home / "cli.token").read_text(), token)
        go.touch()
        self.assertEqual(server.finished("waits"), "success")
        self.assertEqual(server.xcom("waits", "wait"), "s3cret-pw"[::-1])
        self.assertEqual(len(server.attempts("waits")), 1)

    def test_a_home_without_its_key_file_is_refused(self):
        server = Server({})
        self.addCleanup(server.close)
        self.assertEqual(server.stop(), 0)
        (server.home / "secrets.key").unlink()
        refused = server.leoflow("db", "rotate-key")
        self.assertEqual(refused.returncode, EXIT_NOT_FOUND, refused.stderr)
        self.assertIn("hint:", refused.stderr)
        self.assertFalse((server.home / "secrets.key").exists())


if __name__ == "__main__":
    unittest.main()

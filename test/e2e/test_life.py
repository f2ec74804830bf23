# SPDX-License-Identifier: Apache-2.0
"""The life of a run on a server of one's own: logs, XComs, clearing, staging, secrets."""
import json
import os
import unittest
from pathlib import Path

from harness import ServerTest, until

BASIC = '''
import logging
import sys
from airflow.sdk import dag, task

@dag(schedule=None)
def basic():
    @task
    def talk():
        print("to stdout")
        print("to stderr", file=sys.stderr)
        logging.getLogger("my.app").warning("to the log: %s", 42)
        return {"rows": 3, "text": "h\\u00e9"}

    @task
    def use(value):
        bytearray(96 << 20)
        print("got", value["rows"])
        return value["rows"] + 1

    use(talk())

basic()
'''

STAGED = '''
import os
from pathlib import Path
from airflow.sdk import dag, task

@dag(schedule=None, params={"fail": False})
def staged():
    @task
    def put():
        folder = Path(os.environ["LEOFLOW_STAGING_DIR"])
        (folder / "data.txt").write_text("staged data")

    @task
    def get(params=None):
        folder = Path(os.environ["LEOFLOW_STAGING_DIR"])
        print("found", (folder / "data.txt").read_text())
        if params["fail"] and not (folder / "repaired").exists():
            raise RuntimeError("as asked")

    put() >> get()

staged()
'''
STAGED_YAML = "staging: {enabled: true, size: 8Mi}\n"

SECRET = '''
import os
from airflow.sdk import BaseHook, dag, task

@dag(schedule=None)
def secret():
    @task
    def declared():
        print("uri is", os.environ["AIRFLOW_CONN_E2E_DB"])
        print("password is", BaseHook.get_connection("e2e_db").password)
        print("variable is", os.environ["AIRFLOW_VAR_E2E_TOKEN"])

    @task
    def other():
        print("sees", sorted(name for name in os.environ if name.startswith("AIRFLOW_CONN_")))

    [declared(), other()]

secret()
'''
SECRET_YAML = '''
connections: []
variables: []
tasks:
  declared:
    connections: [e2e_db]
    variables: [e2e_token]
'''
PASSWORD = "pa55-w0rd-of-the-e2e-test"
TOKEN = "t0ken-of-the-e2e-test"

FLAKY = '''
from pathlib import Path
from airflow.sdk import dag, task

@dag(schedule=None, params={"mark": ""})
def flaky():
    @task
    def first():
        return "kept"

    @task
    def second(params=None):
        if not Path(params["mark"]).exists():
            raise ValueError("not yet")
        return "done"

    @task
    def third(value):
        return value

    second_done = second()
    first() >> second_done
    third(second_done)

flaky()
'''


def files_below(folder):
    return [Path(at) / name for at, _, names in os.walk(folder) for name in names]


class Life(ServerTest):
    dags = {"basic.py": BASIC, "flaky.py": FLAKY, "staged/dag.py": STAGED,
            "staged/leoflow.yaml": STAGED_YAML, "secret/dag.py": SECRET,
            "secret/leoflow.yaml": SECRET_YAML}

    def test_logs_carry_stream_level_and_time(self):
        self.assertEqual(self.server.run("basic"), "success")
        lines = {line["event"]: line for line in self.server.log("basic", "talk")
                 if "timestamp" in line}
        self.assertEqual(lines["to stdout"]["logger"], "task.stdout")
        self.assertEqual(lines["to stderr"]["logger"], "task.stderr")
        self.assertEqual(lines["to the log: 42"]["logger"], "my.app")
        self.assertEqual(lines["to the log: 42"]["level"], "warning")
        run = self.server.get("/api/v2/dags/basic/dagRuns/r1")
        for line in lines.values():
            self.assertRegex(line["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+")
            self.assertEqual(line["timestamp"][:10], run["start_date"][:10])
        self.assertIn("got 3", self.server.events("basic", "use", logger="task.stdout"))

    def test_attempts_tell_what_they_took(self):
        self.server.run("basic", run_id="took")
        [row] = self.server.attempts("basic", "took", "use")
        self.assertGreater(row["memory_peak_bytes"], 96 << 20)
        self.assertGreater(row["cpu_seconds"], 0)
        events = [line["event"] for line in self.server.whole_log("basic", "use", "took")]
        self.assertRegex(events[-1], r" of CPU, 1\d\d(\.\d)?Mi of memory at most$")

    def test_xcoms_are_read_through_the_api(self):
        self.assertEqual(self.server.run("basic", "xcoms"), "success")
        self.assertEqual(self.server.xcom("basic", "talk", "xcoms"), {"rows": 3, "text": "hé"})
        self.assertEqual(self.server.xcom("basic", "use", "xcoms"), 4)

    def test_clearing_runs_the_failed_part_again(self):
        mark = self.server.folder / "mark"
        self.assertEqual(self.server.run("flaky", conf={"mark": str(mark)}), "failed")
        self.assertEqual(self.server.tasks("flaky"), {"first": "success", "second": "failed",
                                                      "third": "upstream_failed"})
        self.assertTrue(any("not yet" in json.dumps(line)
                            for line in self.server.log("flaky", "second")))
        mark.touch()
        body = {"dag_run_id": "r1", "only_failed": True, "dry_run": True}
        path = "/api/v2/dags/flaky/clearTaskInstances"
        preview = self.server.call("POST", path, body)
        self.assertEqual({row["task_id"] for row in preview["task_instances"]},
                         {"second", "third"})
        self.assertEqual(self.server.run_state("flaky"), "failed")
        self.server.call("POST", path, {**body, "dry_run": False})
        self.assertEqual(self.server.finished("flaky"), "success")
        self.assertEqual(self.server.task("flaky", "first")["try_number"], 1)
        self.assertEqual(self.server.task("flaky", "second")["try_number"], 2)
        self.assertEqual(self.server.xcom("flaky", "third"), "done")
        # The log of the first try is still there.
        self.assertTrue(any("not yet" in json.dumps(line)
                            for line in self.server.log("flaky", "second", try_number=1)))

    def volume(self, run_id):
        path = f"/api/leoflow/v1/staging?dag_id=staged&run_id={run_id}"
        return self.server.get(path)["staging_volumes"][0]

    def test_staging_is_shared_and_freed_on_success(self):
        self.assertEqual(self.server.run("staged"), "success")
        self.assertIn("found staged data", self.server.events("staged", "get"))
        volume = self.volume("r1")
        self.assertEqual((volume["state"], volume["delete_reason"]), ("deleted", "run_succeeded"))
        until("the volume's folder is gone", lambda: not Path(volume["path"]).exists())

    def test_staging_is_kept_after_failure_for_the_next_try(self):
        self.assertEqual(self.server.run("staged", "bad", {"fail": True}), "failed")
        volume = self.volume("bad")
        folder = Path(volume["path"])
        self.assertEqual(volume["state"], "active")
        self.assertEqual((folder / "data.txt").read_text(), "staged data")
        (folder / "repaired").touch()
        self.server.call("POST", "/api/v2/dags/staged/clearTaskInstances",
                         {"dag_run_id": "bad", "only_failed": True, "dry_run": False})
        self.assertEqual(self.server.finished("staged", "bad"), "success")
        self.assertEqual(self.server.task("staged", "put", "bad")["try_number"], 1)
        again = self.volume("bad")
        self.assertEqual((again["id"], again["state"]), (volume["id"], "deleted"))
        until("the volume's folder is gone", lambda: not folder.exists())

    def test_secrets_reach_only_who_declares_them(self):
        connection = {"connection_id": "e2e_db", "conn_type": "postgres", "host": "db.test",
                      "login": "user", "password": PASSWORD, "port": 5432}
        self.server.call("POST", "/api/v2/connections", connection)
        self.server.call("POST", "/api/v2/variables", {"key": "e2e_token", "value": TOKEN})
        self.assertEqual(self.server.run("secret"), "success")
        texts = self.server.events("secret", "declared", logger="task.stdout")
        self.assertEqual(len(texts), 3, texts)
        self.assertIn("postgres://user:***@db.test:5432", texts[0])
        self.assertEqual(texts[1], "password is ***")
        self.assertIn("sees []", self.server.events("secret", "other", logger="task.stdout"))
        answer = self.server.get("/api/v2/connections/e2e_db")
        self.assertNotIn(PASSWORD, json.dumps(answer))
        self.assert_nowhere_in_the_home(PASSWORD.encode())

    def assert_nowhere_in_the_home(self, text):
        found = [path for path in files_below(self.server.home)
                 if path.is_file() and text in path.read_bytes()]
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()

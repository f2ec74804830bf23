# SPDX-License-Identifier: Apache-2.0
"""Projects pushed to a server that watches no folder: versions, going back, what is refused, what
an upload that was cut off leaves, and a watched folder beside pushed projects."""
import hashlib
import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import CACHE, Server, leoflow, until
from support.certificates import Authority

DAG = '''
from airflow.sdk import dag, task
from helper import WORD

@dag(schedule=None{more})
def {name}():
    @task
    def say():
        print(WORD)
        return WORD
    say()

{name}()
'''
OWN = "/api/leoflow/v1"
PART_BYTES = 8 << 20


def git(folder, *words):
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org",
                    *words], check=True, capture_output=True)


class Deploys(unittest.TestCase):
    """Another machine: projects in a folder of its own, no home, an address and a token."""
    tls = False
    watched = None

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="lf-e2e-deploy-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        arguments = []
        if cls.tls:
            authority = Authority(cls.folder)
            certificate, key = cls.folder / "cert.pem", cls.folder / "key.pem"
            authority.certify("IP:127.0.0.1", certificate, key)
            arguments = ["--tls-cert", str(certificate), "--tls-key", str(key)]
        cls.server = Server(cls.watched, start=False, arguments=arguments,
                            watch=cls.watched is not None)
        cls.addClassCleanup(cls.server.close)
        if cls.tls:
            cls.server.ca = str(authority.certificate)
        cls.server.start()
        cls.token = cls.make_token("ci", "deploy")

    @classmethod
    def make_token(cls, name, scope):
        return cls.server.call("POST", OWN + "/tokens", {"name": name, "scope": scope})["token"]

    def project(self, name, word="one", more="", dag=None):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "dag.py").write_text(DAG.format(name=dag or name, more=more))
        (folder / "helper.py").write_text(f"WORD = {word!r}\n")
        return folder

    def remote(self, *words, token=None):
        more = ["--ca", self.server.ca] if self.server.ca else []
        return leoflow(*map(str, words), "--server", self.server.url, "--token",
                       token or self.token, "--home", str(self.folder / "no-home"), *more)

    def sent(self, *words):
        """The only DAG of a deployment that succeeds."""
        done = self.remote(*words, "-o", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        (dag,) = json.loads(done.stdout)["dags"]
        return dag

    def refused(self, *words, status=2, token=None):
        done = self.remote(*words, token=token)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIn("hint: ", done.stderr)
        return done.stderr

    def said(self, dag_id, run_id):
        """What the task of a run returned."""
        self.server.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
        self.assertEqual(self.server.run(dag_id, run_id), "success")
        return self.server.xcom(dag_id, "say", run_id)


class Push(Deploys):
    def test_deployed_code_runs_and_the_same_again_is_the_same_version(self):
        folder = self.project("first")
        dag = self.sent("deploy", folder)
        self.assertEqual((dag["version_number"], dag["created"], dag["current"]), (1, True, True))
        self.assertEqual(self.said("first", "r1"), "one")
        again = self.sent("deploy", folder)
        self.assertEqual((again["version_number"], again["created"]), (1, False))
        self.assertEqual(len(self.server.versions("first")), 1)

    def test_a_pushed_version_waits_until_it_is_activated_and_runs_stay_with_theirs(self):
        folder = self.project("second")
        self.sent("deploy", folder)
        self.assertEqual(self.said("second", "r1"), "one")
        self.project("second", "two")
        for _ in range(2):
            pushed = self.sent("push", folder)
            self.assertEqual((pushed["version_number"], pushed["current"]), (2, False))
        self.assertEqual(self.said("second", "r2"), "one")
        self.refused("versions", "activate", "second", 2, status=3)  # the scope deploys, no more
        operator = self.make_token("op", "full")
        self.assertEqual(self.remote("versions", "activate", "second", 2,
                                     token=operator).returncode, 0)
        self.assertEqual(self.said("second", "r3"), "two")
        self.assertEqual(self.remote("versions", "activate", "second", 1,
                                     token=operator).returncode, 0)
        self.assertEqual(self.said("second", "r4"), "one")
        run = self.server.get("/api/v2/dags/second/dagRuns/r3")
        self.assertEqual([version["version_number"] for version in run["dag_versions"]], [2])

    def test_a_dry_run_tells_what_would_change_and_changes_nothing(self):
        folder = self.project("third")
        self.sent("deploy", folder)
        self.project("third", "two", more=", catchup=True, params={'day': 1}")
        shown = self.remote("deploy", folder, "--dry-run")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        for line in ("param day added", "setting catchup changed: false -> true", "files changed"):
            self.assertIn(line, shown.stdout)
        self.assertIn("would be deployed", shown.stdout)
        self.assertEqual(len(self.server.versions("third")), 1)
        self.assertEqual(self.remote("deploy", folder).returncode, 0)
        self.assertEqual(len(self.server.versions("third")), 2)

    def test_versions_tell_the_commit(self):
        folder = self.project("committed")
        git(folder, "init", "-q")
        git(folder, "remote", "add", "origin", "git@github.com:acme/flows.git")
        git(folder, "add", ".")
        git(folder, "commit", "-qm", "first")
        git(folder, "tag", "v1")
        self.sent("deploy", folder)
        self.project("committed", "two")
        dag = self.sent("deploy", folder)
        self.assertEqual((dag["previous_label"], dag["label"]), ("v1", "v1-dirty"))
        one, two = self.server.versions("committed")
        self.assertEqual(len(one["commit"]), 40)
        self.assertEqual(one["commit"], two["commit"])
        self.assertEqual(one["bundle_url"],
                         f"https://github.com/acme/flows/tree/{one['commit']}")

    def test_a_broken_project_is_refused_with_its_place_and_nothing_changes(self):
        folder = self.project("broken")
        self.sent("deploy", folder)
        (folder / "dag.py").write_text("from airflow.sdk import dag\n\ndef f(:\n")
        error = self.refused("deploy", folder)
        self.assertIn("broken: dag.py, line 3: SyntaxError", error)
        (folder / "dag.py").write_text("import no_such_module\nfrom airflow.sdk import dag\n")
        self.assertIn("no_such_module", self.refused("deploy", folder))
        self.assertEqual(len(self.server.versions("broken")), 1)
        self.assertEqual(self.server.import_errors(), [])
        (folder / "leoflow.yaml").write_text("dependancies: []\n")
        self.assertIn("unknown key 'dependancies' at line 1", self.refused("deploy", folder))

    def test_a_dag_stays_with_its_project(self):
        self.sent("deploy", self.project("owner"))
        other = self.project("thief", dag="owner")
        self.assertIn("was pushed as owner/dag.py", self.refused("deploy", other))
        self.assertEqual(len(self.server.versions("owner")), 1)

    def test_a_dag_that_the_project_defines_no_more_gets_no_new_runs(self):
        folder = self.project("renamed", dag="old_name")
        self.sent("deploy", folder)
        self.project("renamed", dag="new_name")
        done = self.remote("deploy", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("old_name  is defined no more", done.stdout)
        self.assertTrue(self.server.get("/api/v2/dags/old_name")["is_stale"])

    def test_rights(self):
        folder = self.project("rights")
        for scope in ("read", "run"):
            self.refused("deploy", folder, status=3, token=self.make_token(scope, scope))
        self.refused("deploy", folder, status=3, token="leoflow_1_wrong")
        self.server.call("POST", OWN + "/users", {
            "username": "some", "password": "long enough", "role": "Op",
            "grants": [{"role": "Op", "dags": "rights"}]})
        status, _, content = self.server.request(
            "POST", "/auth/token", {"username": "some", "password": "long enough"}, token=False)
        self.assertEqual(status, 201, content)
        error = self.refused("deploy", folder, status=3, token=json.loads(content)["access_token"])
        self.assertIn("some DAGs only", error)
        self.assertEqual(self.server.request("GET", "/api/v2/dags/rights")[0], 404)

    def test_who_may_not_deploy_builds_no_image(self):
        """A build can take an hour: whether the server takes it is asked before."""
        folder = self.project("unbuilt")
        tool = self.folder / "podman"
        tool.write_text('#!/bin/sh\necho called > "$0.called"\n')
        tool.chmod(0o755)
        called = self.folder / "podman.called"
        build = ("deploy", folder, "--registry", "r.example.org/flows", "--tool", tool)
        self.refused(*build, status=3, token=self.make_token("reader", "read"))
        self.assertFalse(called.exists())
        done = self.remote(*build)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(called.exists())

    def test_the_audit_log_tells_who_deployed_what(self):
        self.sent("deploy", self.project("audited"))
        rows = self.server.get("/api/v2/eventLogs?dag_id=audited")["event_logs"]
        (row,) = [row for row in rows if row["event"] == "deploy_dag_version"]
        self.assertEqual(row["owner"], "admin")
        self.assertEqual(json.loads(row["extra"])["version_number"], 1)

    def environment(self, line):
        """The hash of the environment of one requirement, once it is ready."""
        def look():
            rows = self.server.get(OWN + "/environments")["environments"]
            return next((row["hash"] for row in rows if row["dependencies"] == [line]
                         and row["state"] == "ready"), None)
        return until("the environment", look)

    def test_deployed_dags_survive_a_restart_and_the_loss_of_their_environment(self):
        line = "six==1.15.0"  # that no other test wants
        folder = self.project("kept")
        (folder / "leoflow.yaml").write_text(f"dependencies: [{line}]\n")
        self.sent("deploy", folder)
        lost = self.environment(line)
        self.server.stop()
        shutil.rmtree(CACHE / "environments" / lost)
        self.server.start()
        self.environment(line)
        self.assertEqual(self.said("kept", "r1"), "one")


class Uploads(Deploys):
    def put(self, sha256, body, size, offset=0):
        path = f"{OWN}/uploads/{sha256}?bytes={size}&offset={offset}"
        status, _, content = self.server.request(
            "PUT", path, body, headers={"Content-Type": "application/octet-stream"})
        return status, json.loads(content)

    def uploaded(self):
        return list((self.server.home / "deployments").rglob("*"))

    def test_parts_go_on_where_they_stopped(self):
        content = b"x" * 1000
        sha256 = hashlib.sha256(content).hexdigest()
        self.assertEqual(self.put(sha256, content[:400], 1000)[1]["received"], 400)
        self.assertEqual(self.put(sha256, content[700:], 1000, 700)[0], 409)
        self.assertFalse(self.server.get(f"{OWN}/uploads/{sha256}")["complete"])
        self.assertEqual(self.put(sha256, content[:400], 1000)[0], 200)  # sent twice
        self.assertTrue(self.put(sha256, content[400:], 1000, 400)[1]["complete"])

    def test_what_is_not_what_it_says_is_thrown_away(self):
        sha256 = hashlib.sha256(b"good").hexdigest()
        self.assertEqual(self.put(sha256, b"evil", 4)[0], 400)
        self.assertEqual(self.server.request("GET", f"{OWN}/uploads/{sha256}")[0], 404)
        self.assertEqual(self.put("../../etc", b"x", 1)[0] // 100, 4)

    def test_an_archive_that_is_none_makes_no_version(self):
        content = b"no archive at all"
        sha256 = hashlib.sha256(content).hexdigest()
        self.assertTrue(self.put(sha256, content, len(content))[1]["complete"])
        begun = self.server.call("POST", OWN + "/deployments", {
            "project": "evil", "archive": sha256, "file": "dag.py", "label": "x"})
        path = f"{OWN}/deployments/{begun['id']}"
        until("the refusal", lambda: self.server.get(path)["state"] == "failed")
        self.assertEqual(self.server.request("GET", "/api/v2/dags/evil")[0], 404)

    def test_too_large_is_refused(self):
        status, answer = self.put("0" * 64, b"x", 1 << 30)
        self.assertEqual(status, 413)
        self.assertIn("exclude_paths", answer["hint"])
        folder = self.project("large")
        with open(folder / "data.bin", "wb") as file:
            file.truncate(101 << 20)
        self.assertIn("exclude_paths", self.refused("deploy", folder, status=8))

    def test_an_upload_that_was_cut_off_goes_on_and_leaves_nothing_else(self):
        sha256 = hashlib.sha256(b"ab").hexdigest()
        self.put(sha256, b"a", 2)
        self.server.kill()
        self.server.start()
        self.assertEqual([path for path in self.uploaded() if path.is_file()], [])
        self.assertEqual(self.server.request("GET", f"{OWN}/uploads/{sha256}")[0], 404)

    def test_a_project_of_several_parts(self):
        folder = self.project("big")
        (folder / "data.bin").write_bytes(bytes(range(256)) * ((2 * PART_BYTES + 5000) // 256))
        self.assertEqual(self.sent("deploy", folder)["version_number"], 1)
        self.assertEqual([path for path in self.uploaded() if path.name.startswith("work-")], [])


class BesideAWatchedFolder(Deploys):
    watched = {"watched.py": DAG.format(name="watched", more=""), "helper.py": "WORD = 'w'\n"}

    def test_neither_takes_a_dag_of_the_other(self):
        self.server.dag("watched")
        error = self.refused("deploy", self.project("mine", dag="watched"))
        self.assertIn("is in watched.py of the folder that the server watches", error)
        self.sent("deploy", self.project("pushed"))
        self.server.write("late.py", DAG.format(name="pushed", more=""))
        (found,) = until("the import error", self.server.import_errors)
        self.assertEqual(found["filename"], "late.py")
        self.assertIn("the pushed project pushed/dag.py has it already", found["stack_trace"])
        operator = self.make_token("op", "full")
        error = self.refused("versions", "activate", "watched", 1, status=5, token=operator)
        self.assertIn("follows the file watched.py", error)


class OverTls(Deploys):
    tls = True

    def test_a_project_goes_over_tls_to_another_machine(self):
        self.assertEqual(self.sent("deploy", self.project("secure"))["version_number"], 1)
        self.assertEqual(self.said("secure", "r1"), "one")


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""`leoflow lite --executor k8s` on the real cluster: tasks in pods from a stock image, and what
happens when the server, a pod or an image goes."""
import json
import os
import sys
import tempfile
from pathlib import Path

from support import ClusterTest
from test_chart import render

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import BUILD, LEOFLOW, Server, until  # noqa: E402

SECONDS = 120
# `second` waits for the test where it is told to.
CHAIN = """
import os
import time
from pathlib import Path
from airflow.sdk import dag, task

@dag(schedule=None)
def {name}():
    @task
    def first():
        print("in", os.uname().nodename, "as", os.getuid())
        Path(os.environ["LEOFLOW_STAGING_DIR"], "left").write_text("by first")
        return {{"rows": 3}}

    @task
    def second(given):
        staging = Path(os.environ["LEOFLOW_STAGING_DIR"])
        while {waits} and not (staging / "go").exists():
            time.sleep(0.1)
        left = (staging / "left").read_text()
        return f"{{left}} {{given['rows']}}"

    @task
    def third(given):
        print("got", given)

    third(second(first()))

{name}()
"""
BRANCH = """
import time
from pathlib import Path
from airflow.sdk import dag, task
from airflow.exceptions import AirflowSkipException

@dag(schedule=None)
def branch():
    @task
    def first():
        while not Path("/staging/go").exists():
            time.sleep(0.1)
        raise AirflowSkipException("not today")

    @task
    def second(given):
        print("never", given)

    second(first())

branch()
"""
STAGING = "staging: {enabled: true, size: 10Mi}\n"


def project(name, waits=False, yaml=STAGING):
    return {f"{name}/dag.py": CHAIN.format(name=name, waits=waits),
            f"{name}/leoflow.yaml": f'schema_version: "1.0"\ndag_id: {name}\n{yaml}'}


class Executor(ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        settings = Path(cls.enterClassContext(tempfile.TemporaryDirectory())) / "kubernetes.yaml"
        # A port of this test's own: other tests may run in the same network.
        settings.write_text("agent_port: 19191\nimage_pull_policy: IfNotPresent\n")
        dags = {**project("chain"), **project("slow", waits=True),
                "branch/dag.py": BRANCH, "branch/leoflow.yaml": STAGING,
               **project("bad", yaml=STAGING + "tasks: {first: {execution: "
                                                "{node_selector: {no: such}}}}\n")}
        cls.server = Server(
            dags, env={"KUBECONFIG": os.environ["KUBECONFIG"]},
            arguments=["--executor", "k8s", "--kubernetes", str(settings),
                       "--kubernetes-namespace", cls.namespace])
        cls.addClassCleanup(cls.server.close)

    def pods(self):
        return self.api.get(self.path("pods"))["items"]

    def running_pod(self, task):
        """Name of the pod in which the task runs."""
        def look():
            for pod in self.pods():
                labels = pod["metadata"].get("labels", {})
                if labels.get("leoflow.io/task") == task and pod["status"]["phase"] == "Running":
                    return pod["metadata"]["name"]
            return None
        return until(f"a pod runs {task}", look, SECONDS)

    def run_is(self, state, dag, run="r1"):
        seen = self.server.finished(dag, run, SECONDS)
        if seen != state:
            print(self.server.printed()[-4000:])
            print(json.dumps(self.server.tasks(dag, run), indent=1)[:4000])
        self.assertEqual(seen, state)

    def let_go(self, dag, run="r1"):
        (self.volume(dag, run) / "go").touch()

    def test_a_chain_shares_its_volume_and_leaves_nothing(self):
        self.server.dag("chain")
        self.server.trigger("chain")
        self.run_is("success", "chain")
        self.assertIn("got by first 3", json.dumps(self.server.whole_log("chain", "third")))
        self.assertIn("as 65532", json.dumps(self.server.whole_log("chain", "first")))
        until("pods and volumes are gone",
              lambda: not self.pods() and not self.claims(), SECONDS)

    def test_a_killed_server_finds_its_pod_again(self):
        self.server.dag("slow")
        self.server.trigger("slow")
        name = self.running_pod("second")
        self.server.task_is("slow", "second", "running")
        self.server.kill()
        self.server.start()
        self.let_go("slow")
        self.run_is("success", "slow")
        attempts = self.server.attempts("slow", task_id="second")
        self.assertEqual(len(attempts), 1, attempts)
        self.assertTrue(name)

    def held_pod(self, dag, task):
        """Name of the pod that holds for the task, once its container runs."""
        def look():
            for pod in self.pods():
                labels = pod["metadata"].get("labels", {})
                mine = (labels.get("leoflow.io/dag"), labels.get("leoflow.io/task")) == (dag, task)
                if mine and pod["status"]["phase"] == "Running":
                    return pod["metadata"]["name"]
            return None
        return until(f"a pod holds for {task}", look, SECONDS)

    def test_the_next_task_gets_the_pod_that_was_held_for_it(self):
        self.server.dag("slow")
        self.server.trigger("slow", "ahead")
        name = self.held_pod("slow", "third")
        self.server.task_is("slow", "second", "running", "ahead")
        self.server.kill()   # the next one finds the held pod
        self.server.start()
        self.let_go("slow", "ahead")
        self.run_is("success", "slow", "ahead")
        attempt = self.server.attempts("slow", "ahead", "third")[0]
        self.assertEqual(attempt["agent"], "pod-" + name)
        self.assertLess(attempt["held_since"], attempt["dispatched_at"])

    def test_a_pod_held_for_a_task_that_is_skipped_goes(self):
        self.server.dag("branch")
        self.server.trigger("branch", "skips")
        name = self.held_pod("branch", "second")
        self.let_go("branch", "skips")
        self.run_is("success", "branch", "skips")
        self.assertEqual(self.server.task("branch", "second", "skips")["state"], "skipped")
        until("the held pod is gone", lambda: name not in [
            pod["metadata"]["name"] for pod in self.pods()], SECONDS)
        self.assertEqual(self.server.attempts("branch", "skips", "second"), [])

    def test_a_deleted_pod_is_placed_again_and_no_retry_is_spent(self):
        self.server.dag("slow")
        self.server.trigger("slow", "r2")
        name = self.running_pod("second")
        self.server.task_is("slow", "second", "running", "r2")
        self.api.delete(self.path("pods", name), gracePeriodSeconds=0)
        self.let_go("slow", "r2")
        self.run_is("success", "slow", "r2")
        self.assertEqual(self.server.task("slow", "second", "r2")["try_number"], 1)
        self.assertEqual(len(self.server.attempts("slow", "r2", "second")), 2)

    def test_a_pod_that_no_node_takes_says_why(self):
        self.server.dag("bad")
        self.server.trigger("bad")
        until("the reason is told",
              lambda: "no node takes the pod" in json.dumps(self.server.get(
                  "/api/leoflow/v1/dags/bad/dagRuns/r1/reasons")), SECONDS)


class WithoutReview(ClusterTest):
    """With the rights that the chart gives for `admission: secret`, and no other."""

    KINDS = ("ServiceAccount", "Role", "RoleBinding")
    ACCOUNT = "flows-leoflow"

    def rights(self):
        text = render({"tasks": {"admission": "secret"}}).stdout
        self.assertNotIn("kind: ClusterRole", text)
        parts = [part.replace("namespace: testchart", f"namespace: {self.namespace}")
                 for part in text.split("\n---\n")
                 if any(f"kind: {kind}\n" in part for kind in self.KINDS)]
        done = self.cluster.kubectl("apply", "-n", self.namespace, "-f", "-",
                                    input="\n---\n".join(parts))
        self.assertEqual(done.returncode, 0, done.stderr)

    def kubeconfig(self, folder):
        token = self.api.create(self.path("serviceaccounts", self.ACCOUNT) + "/token",
                                {"spec": {}})["status"]["token"]
        config = json.loads(self.cluster.kubectl("config", "view", "--raw", "-o", "json").stdout)
        for user in config["users"]:
            user["user"] = {"token": token}
        path = Path(folder, "kubeconfig")
        path.write_text(json.dumps(config))
        return str(path)

    def test_pods_are_admitted_by_secrets_of_their_own(self):
        self.rights()
        with tempfile.TemporaryDirectory() as folder:
            settings = Path(folder, "kubernetes.yaml")
            settings.write_text("agent_port: 19291\nadmission: secret\nstart_ahead: all\n")
            server = Server(project("chain"), env={"KUBECONFIG": self.kubeconfig(folder)},
                            arguments=["--executor", "k8s", "--kubernetes", str(settings),
                                       "--kubernetes-namespace", self.namespace])
            self.addCleanup(server.close)
            server.dag("chain")
            server.trigger("chain")
            seen = server.finished("chain", "r1", SECONDS)
            self.assertEqual(seen, "success", server.printed()[-4000:])
            attempts = server.attempts("chain")
            self.assertEqual(len(attempts), 3, attempts)
            self.assertTrue(any(attempt["held_since"] for attempt in attempts), attempts)
        may = self.cluster.kubectl("auth", "can-i", "create", "tokenreviews", "--as",
                                   f"system:serviceaccount:{self.namespace}:{self.ACCOUNT}")
        self.assertEqual(may.stdout.strip(), "no")
        until("pods are gone, and their secrets with them",
              lambda: not self.api.get(self.path("pods"))["items"] and not [
                  one for one in self.api.get(self.path("secrets"))["items"]
                  if one["type"] == "leoflow.io/place"], SECONDS)


assert LEOFLOW.exists(), f"{LEOFLOW} is missing in {BUILD}; hint: make"

# SPDX-License-Identifier: Apache-2.0
"""Tasks in real pods: logs, XComs, volumes, clearing, and what may go wrong. In each fault no try
of the user is spent, and no two pods of a task are alive at once."""
import json
import sys
import tempfile
import threading
from pathlib import Path

from onenode.processes import until
from onenode.settings import ROOT
from support import VOLUME, ClusterTest, state_of

sys.path.insert(0, str(ROOT / "test" / "e2e"))
import harness  # noqa: E402  (the path comes first)

SECONDS_MAX = 240
OURS = "?labelSelector=app.kubernetes.io/name=leoflow-task"
HEAD = """
import socket, time
from pathlib import Path
from airflow.sdk import dag, task
"""
CHAIN = HEAD + """
@dag(schedule=None)
def chain():
    @task
    def first():
        print("first says", socket.gethostname())
        Path("/staging/data").write_text("staged")
        return {"rows": 3}

    @task
    def second(value):
        print("got", value["rows"], Path("/staging/data").read_text())
        return value["rows"] + 1

    @task
    def third(value):
        print("ends with", value)

    third(second(first()))

chain()
"""
MAPPED = HEAD + """
@dag(schedule=None)
def mapped():
    @task
    def numbers():
        return [3, 4, 5]

    @task(map_index_template="of three")
    def double(n):
        return [2 * n, socket.gethostname()]

    @task
    def collect(values):
        return [sum(n for n, _ in values), len({host for _, host in values})]

    collect(double.expand(n=numbers()))

mapped()
"""
REPAIR = HEAD + """
@dag(schedule=None)
def repair():
    @task
    def put():
        Path("/staging/data").write_text("staged")

    @task
    def get():
        assert Path("/staging/repaired").exists(), "as asked"
        print("found", Path("/staging/data").read_text())

    put() >> get()

repair()
"""
# Waits until the test lets it go on.
HELD = HEAD + """
@dag(schedule=None)
def held():
    @task
    def wait():
        print("begins", flush=True)
        while not Path("/staging/go").exists():
            time.sleep(0.1)
        return socket.gethostname()

    wait()

held()
"""
HUNGRY = HEAD + """
@dag(schedule=None)
def hungry():
    @task
    def eat():
        bytearray(512 << 20)

    eat()

hungry()
"""
NOWHERE = HEAD + """
@dag(schedule=None)
def nowhere():
    @task
    def never():
        pass

    never()

nowhere()
"""
PULLED = NOWHERE.replace("nowhere", "pulled")
UNSERVED = NOWHERE.replace("nowhere", "unserved")
STAGING = "staging: {enabled: true, size: 16Mi}\n"
MEMORY = "tasks: {eat: {resources: {limits: {memory: 128Mi}}}}\n"
PULL = "tasks: {never: {execution: {image_pull_policy: Always}}}\n"
CLASS = "unserved"   # a storage class that nobody provisions
CLAIM = f"staging: {{enabled: true, size: 16Mi, storage_class: {CLASS}}}\n"
SELECTOR = "tasks: {never: {execution: {node_selector: {disk: none}}}}\n"


def task_of(pod):
    """DAG, run, task and map index that a pod was made for."""
    notes = pod["metadata"].get("annotations", {})
    return tuple(notes.get("leoflow.io/" + key)
                 for key in ("dag-id", "run-id", "task-id", "map-index"))


class LivePods(threading.Thread):
    """Notes, through one watch, when two pods of one task instance were alive at once."""

    def __init__(self, api, path):
        super().__init__(daemon=True)
        self.api, self.path = api, path
        self.version = api.get(path)["metadata"]["resourceVersion"]
        self.alive, self.doubled = {}, []

    def run(self):
        try:
            for event in self.api.watch(self.path, self.version):
                self.see(event["type"], event["object"])
        except (OSError, KeyError):
            pass   # the API server went away, as some tests want

    def see(self, kind, pod):
        task = task_of(pod)
        pods = self.alive.setdefault(task, set())
        if kind == "DELETED" or pod["status"].get("phase") in ("Succeeded", "Failed"):
            pods.discard(pod["metadata"]["uid"])
        elif "running" in state_of(pod):
            pods.add(pod["metadata"]["uid"])
        if len(pods) > 1:
            self.doubled.append(task)


class TasksTest(ClusterTest):
    """One server, in the cluster's network, for all tests of a class."""

    dags = {}
    settings = ""   # of its file for Kubernetes

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        settings = cls.enterClassContext(tempfile.NamedTemporaryFile("w", suffix=".yaml"))
        settings.write(cls.settings)
        settings.flush()
        cls.server = harness.Server(
            cls.dags, {"KUBECONFIG": str(cls.cluster.place.kubeconfig)},
            ["--executor", "k8s", "--kubernetes-namespace", cls.namespace,
             *(["--kubernetes", settings.name] if cls.settings else [])])
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.live = LivePods(self.api, self.path("pods"))
        self.live.start()

    def tearDown(self):
        self.assertEqual(self.live.doubled, [])

    def pods(self):
        """All pods of the server: also those that a test before left to end."""
        return self.api.get(self.path("pods") + OURS)["items"]

    def pods_of(self, dag_id, run_id):
        return [pod for pod in self.pods() if task_of(pod)[:2] == (dag_id, run_id)]

    def until_(self, what, condition):
        try:
            return until(what, condition, SECONDS_MAX)
        except Exception:
            print(json.dumps(self.pods(), indent=1)[-6000:], self.server.printed()[-4000:])
            raise

    def until_running(self, dag_id, task_id, run_id):
        self.until_(f"{task_id} runs", lambda: self.server.task(dag_id, task_id, run_id)["state"]
                    == "running")

    def ends(self, dag_id, run_id, state="success"):
        seen = self.server.finished(dag_id, run_id, SECONDS_MAX)
        self.assertEqual(seen, state, self.server.printed()[-3000:])

    def let_go(self, run_id, dag_id="held"):
        (self.volume(dag_id, run_id) / "go").touch()

    def assert_no_try_spent(self, dag_id, task_id, run_id):
        self.assertEqual(self.server.task(dag_id, task_id, run_id)["try_number"], 1)

    def trigger(self, dag_id, run_id):
        """A run that is given up if the test fails."""
        self.server.trigger(dag_id, run_id)
        self.addCleanup(self.give_up, dag_id, run_id)

    def begin(self, run_id):
        """A run whose task runs; its pod."""
        self.trigger("held", run_id)
        self.until_running("held", "wait", run_id)
        return self.pods_of("held", run_id)[0]["metadata"]

    def give_up(self, dag_id, run_id):
        """The next test finds nothing of this one."""
        if self.server.run_state(dag_id, run_id) not in harness.TERMINAL_RUN:
            self.server.call("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}",
                             {"state": "failed"})
            self.until_("the pods are gone", lambda: not self.pods_of(dag_id, run_id))

    def finish(self, run_id, dag_id="held"):
        self.let_go(run_id, dag_id)
        self.ends(dag_id, run_id)
        self.assert_no_try_spent(dag_id, "wait", run_id)
        self.until_("the claim is gone", lambda: not self.claims())

    def reason(self, dag_id, run_id):
        """Why its only task does not move, as page and command line show it."""
        shown = self.server.leoflow("tasks", "list", dag_id, run_id, "-o", "json")
        return json.loads(shown.stdout)[0]["reason"]


class Life(TasksTest):
    dags = {"chain/dag.py": CHAIN, "chain/leoflow.yaml": STAGING, "mapped/dag.py": MAPPED,
            "repair/dag.py": REPAIR, "repair/leoflow.yaml": STAGING}

    def test_chain_hands_on_values_and_files_and_leaves_nothing_but_its_logs(self):
        self.server.trigger("chain", "r1")
        self.ends("chain", "r1")
        self.until_("the pods are gone", lambda: not self.pods())
        self.until_("the claim is gone", lambda: not self.claims())
        attempts = self.server.attempts("chain", "r1")
        self.assertEqual(len({row["hostname"] for row in attempts}), 3)
        self.assertIn("first says", "\n".join(self.server.events("chain", "first")))
        self.assertIn("got 3 staged", self.server.events("chain", "second"))
        self.assertIn("ends with 4", self.server.events("chain", "third"))

    def test_failed_run_keeps_its_claim_and_a_cleared_task_finds_it(self):
        self.server.trigger("repair", "r1")
        self.ends("repair", "r1", "failed")
        before = [claim["metadata"]["uid"] for claim in self.claims()]
        self.assertEqual(len(before), 1)
        (self.volume("repair", "r1") / "repaired").touch()
        self.server.call("POST", "/api/v2/dags/repair/clearTaskInstances",
                         {"dry_run": False, "dag_run_id": "r1", "task_ids": ["get"],
                          "only_failed": True})
        self.ends("repair", "r1")
        self.assertIn("found staged", self.server.events("repair", "get", try_number=2))
        self.assertEqual(self.server.task("repair", "put")["try_number"], 1)
        self.until_("the claim is gone", lambda: not self.claims())

    def test_mapped_instances_have_pods_of_their_own(self):
        self.server.trigger("mapped", "m1")
        self.ends("mapped", "m1")
        self.assertEqual(self.server.xcom("mapped", "collect", "m1"), [24, 3])
        rows = self.server.get(
            "/api/v2/dags/mapped/dagRuns/m1/taskInstances/double/listMapped")["task_instances"]
        self.assertEqual([row["rendered_map_index"] for row in rows], ["of three"] * 3)


class Faults(TasksTest):
    dags = {"held/dag.py": HELD, "held/leoflow.yaml": STAGING,
            "hungry/dag.py": HUNGRY, "hungry/leoflow.yaml": MEMORY,
            "pulled/dag.py": PULLED, "pulled/leoflow.yaml": PULL,
            "unserved/dag.py": UNSERVED, "unserved/leoflow.yaml": CLAIM,
            "nowhere/dag.py": NOWHERE, "nowhere/leoflow.yaml": SELECTOR}

    def test_killed_server_finds_its_task_running(self):
        uid = self.begin("killed")["uid"]
        self.server.kill()
        self.server.start()
        self.until_running("held", "wait", "killed")
        self.assertEqual([pod["metadata"]["uid"] for pod in self.pods_of("held", "killed")],
                         [uid])
        self.finish("killed")
        self.assertEqual(len(self.server.attempts("held", "killed")), 1)

    def test_task_that_ends_while_no_server_runs_is_not_run_again(self):
        self.begin("alone")
        self.server.kill()
        self.let_go("alone")
        self.server.start()
        self.ends("held", "alone")
        self.assertEqual(len(self.server.attempts("held", "alone")), 1)
        self.assert_no_try_spent("held", "wait", "alone")
        self.until_("the claim is gone", lambda: not self.claims())

    def test_pod_deleted_by_hand_is_placed_again(self):
        pod = self.begin("deleted")
        self.api.delete(self.path("pods", pod["name"]))
        self.until_("another pod runs", lambda: any(
            other["metadata"]["uid"] != pod["uid"] and "running" in state_of(other)
            for other in self.pods_of("held", "deleted")))
        self.finish("deleted")
        self.assertEqual(len(self.server.attempts("held", "deleted")), 2)

    def test_task_goes_on_while_the_api_server_is_away(self):
        self.begin("away")
        volume = self.volume("held", "away")
        self.cluster.ask("stop", "kube-apiserver")
        self.addCleanup(self.api_server_is_back)
        (volume / "go").touch()
        self.until_("the task has ended", lambda: self.server.task("held", "wait", "away")["state"]
                    == "success")
        self.api_server_is_back()
        self.ends("held", "away")
        self.assert_no_try_spent("held", "wait", "away")
        self.until_("the claim is gone", lambda: not self.claims())

    def test_full_quota_is_waited_for(self):
        quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
        self.api.create(self.path("resourcequotas"), quota)
        self.addCleanup(self.api.delete, self.path("resourcequotas", "none"))
        self.until_("the quota counts", lambda: self.api.get(
            self.path("resourcequotas", "none")).get("status", {}).get("used"))
        self.trigger("held", "quota")
        self.until_("the reason is told", lambda: "quota" in str(self.reason("held", "quota")))
        self.assertEqual(self.pods_of("held", "quota"), [])
        self.api.delete(self.path("resourcequotas", "none"))
        self.until_running("held", "wait", "quota")
        self.finish("quota")

    def test_memory_over_the_tasks_own_limit_is_its_failure(self):
        self.server.trigger("hungry", "r1")
        self.ends("hungry", "r1", "failed")
        reasons = [row["reason"] for row in self.server.attempts("hungry", "r1")]
        self.assertRegex(str(reasons), "OOM|memory")
        self.assertEqual(len(reasons), 1)

    def test_task_goes_on_while_its_node_is_silent(self):
        self.begin("silent")
        self.cluster.ask("stop", "kubelet")
        self.addCleanup(self.cluster.ask, "start", "kubelet")
        self.let_go("silent")
        self.until_("the task has ended", lambda: self.server.task(
            "held", "wait", "silent")["state"] == "success")
        self.cluster.ask("start", "kubelet")
        self.ends("held", "silent")
        self.assert_no_try_spent("held", "wait", "silent")
        self.until_("the pods are gone", lambda: not self.pods())
        self.until_("the claim is gone", lambda: not self.claims())

    def never_starts(self, dag_id, reason):
        """A run whose only task waits for this reason, until it is given up."""
        self.server.trigger(dag_id, "r1")
        self.until_("the reason is told", lambda: reason in str(self.reason(dag_id, "r1")))
        self.assertEqual(len(self.server.attempts(dag_id, "r1")), 1)
        self.server.call("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/r1", {"state": "failed"})
        self.until_("the pod is gone", lambda: not self.pods())

    def test_pod_that_fits_no_node_says_so(self):
        self.never_starts("nowhere", "node")

    def test_image_that_cannot_be_pulled_says_so(self):
        self.never_starts("pulled", "cannot be pulled")

    def test_claim_that_nobody_serves_says_so(self):
        classes = "/apis/storage.k8s.io/v1/storageclasses"
        self.api.create(classes, {"metadata": {"name": CLASS},
                                  "provisioner": "example.org/nobody"})
        self.addCleanup(self.api.delete, f"{classes}/{CLASS}")
        self.never_starts("unserved", "PersistentVolumeClaim")
        self.api.delete(self.path("persistentvolumeclaims",
                                  self.claims()[0]["metadata"]["name"]))


if __name__ == "__main__":
    import unittest
    unittest.main()

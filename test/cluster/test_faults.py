# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the server at each step of an attempt's life (test_tasks has those in which it runs),
a node that is gone, a volume that is full, a name that is no image."""
import contextlib
import os
import signal
import subprocess

import test_tasks as tasks
from onenode import cgroups
from onenode.settings import NODE
from support import ENDED, VOLUME, state_of

LABEL = "leoflow-test"   # of the node, for pods that shall wait for it
NODE_PATH = f"/api/v1/nodes/{NODE}"
GATED = tasks.HELD.replace("held()", "gated()")
FULL = tasks.HEAD + """
@dag(schedule=None)
def full():
    @task
    def fill():
        Path("/staging/data").write_bytes(bytes(2 << 20))

    fill()

full()
"""
OVER = FULL.replace("full()", "over()").replace("2 << 20", "20 << 20")
WAITS = {"wait": f"tasks: {{wait: {{execution: {{node_selector: {{{LABEL}: open}}}}}}}}\n",
         "fill": f"tasks: {{fill: {{execution: {{node_selector: {{{LABEL}: open}}}}}}}}\n"}
LOST_NODE = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown",
             "effect": "NoExecute"}


def label_node(api, value):
    api.patch(NODE_PATH, {"metadata": {"labels": {LABEL: value}}})


class ServerKilled(tasks.TasksTest):
    """There is one attempt, in one pod, and no try is spent."""

    dags = {"held/dag.py": tasks.HELD, "held/leoflow.yaml": tasks.STAGING,
            "gated/dag.py": GATED, "gated/leoflow.yaml": tasks.STAGING + WAITS["wait"]}

    def restart(self):
        self.server.kill()
        self.server.start()

    def one_attempt(self, dag_id, run_id):
        self.assertEqual(len(self.server.attempts(dag_id, run_id)), 1)

    def test_before_the_pod_is_made(self):
        none = self.path("resourcequotas", "none")
        self.api.create(self.path("resourcequotas"),
                        {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}})
        self.addCleanup(self.api.delete, none)
        self.until_("the quota counts", lambda: self.api.get(none).get("status", {}).get("used"))
        self.trigger("held", "unmade")
        self.until_("the reason is told", lambda: "quota" in str(self.reason("held", "unmade")))
        self.restart()
        self.assertEqual(self.pods_of("held", "unmade"), [])
        self.api.delete(none)
        self.finish("unmade")
        self.one_attempt("held", "unmade")

    def test_while_no_node_takes_the_pod(self):
        self.trigger("gated", "pending")
        self.until_("the reason is told", lambda: "node" in str(self.reason("gated", "pending")))
        uid = self.pods_of("gated", "pending")[0]["metadata"]["uid"]
        self.restart()
        self.addCleanup(label_node, self.api, None)
        label_node(self.api, "open")
        self.until_running("gated", "wait", "pending")
        self.assertEqual([pod["metadata"]["uid"] for pod in self.pods_of("gated", "pending")],
                         [uid])
        self.finish("pending", "gated")
        self.one_attempt("gated", "pending")

    def test_while_the_pod_asks_to_be_let_in(self):
        self.trigger("held", "asks")
        pod = self.until_("the pod is made", lambda: self.pods_of("held", "asks"))[0]
        os.kill(self.server.pid, signal.SIGSTOP)   # the pod connects and hears nothing
        self.until_pod(pod["metadata"]["name"], "runs", lambda found: "running" in state_of(found))
        self.restart()
        self.until_running("held", "wait", "asks")
        self.assertEqual([each["metadata"]["uid"] for each in self.pods_of("held", "asks")],
                         [pod["metadata"]["uid"]])
        self.finish("asks")
        self.one_attempt("held", "asks")

    def test_when_the_outcome_is_known_and_the_pod_has_not_ended(self):
        self.begin("told")
        self.cluster.ask("stop", "kubelet")   # nobody sees the container's end
        self.addCleanup(self.cluster.ask, "start", "kubelet")
        self.let_go("told")
        self.ends("held", "told")
        self.restart()
        self.assertNotIn(self.pods_of("held", "told")[0]["status"]["phase"], ENDED)
        self.cluster.ask("start", "kubelet")
        self.until_("the pod is gone", lambda: not self.pods_of("held", "told"))
        self.until_("the claim is gone", lambda: not self.claims())
        self.one_attempt("held", "told")
        self.assertEqual(self.server.task("held", "wait", "told")["state"], "success")


class NodeGone(tasks.TasksTest):
    dags = {"held/dag.py": tasks.HELD, "held/leoflow.yaml": tasks.STAGING}

    def kill_all(self, pod):
        """The processes of a pod, as a node does that loses power."""
        root = cgroups.hierarchies()[0] / self.cluster.place.cgroup
        for file in root.rglob(f"pod{pod['uid']}/*/cgroup.procs"):
            for pid in file.read_text().split():
                with contextlib.suppress(ProcessLookupError):   # the first takes others along
                    os.kill(int(pid), signal.SIGKILL)

    def not_ready(self):
        """What the node controller says after 40 s of silence."""
        node = self.api.get(NODE_PATH)
        for condition in node["status"]["conditions"]:
            if condition["type"] == "Ready":
                condition["status"] = "Unknown"
        self.api.request("PUT", NODE_PATH + "/status", node)

    def is_back(self):
        self.cluster.ask("start", "kubelet")
        self.api.patch(NODE_PATH, {"spec": {"taints": []}})

    def test_its_tasks_are_placed_again_when_the_cluster_gives_it_up(self):
        pod = self.begin("gone")
        self.addCleanup(self.is_back)
        self.cluster.ask("stop", "kubelet")
        self.kill_all(pod)
        self.until_("the session is over", lambda: "agent session ended agent=pod-" + pod["name"]
                    in self.server.printed())
        # Silence alone loses nothing.
        self.assertEqual(self.server.task("held", "wait", "gone")["state"], "running")
        self.not_ready()
        self.api.patch(NODE_PATH, {"spec": {"taints": [LOST_NODE]}})
        self.until_("it waits for a node", lambda: "node" in str(self.reason("held", "gone")))
        first, second = self.server.attempts("held", "gone")
        self.assertEqual((first["state"], second["state"]), ("lost", "dispatched"))
        self.is_back()
        self.until_running("held", "wait", "gone")
        self.finish("gone")
        self.assertEqual(len(self.server.attempts("held", "gone")), 2)


class Volumes(tasks.TasksTest):
    """What does not fit is the task's own failure, and said as on one machine."""

    dags = {"full/dag.py": FULL, "full/leoflow.yaml": tasks.STAGING + WAITS["fill"],
            "over/dag.py": OVER, "over/leoflow.yaml": tasks.STAGING}

    def in_cluster(self, *words):
        """Runs a program that sees the cluster's mounts."""
        pid = str(self.cluster.init())
        command = ["nsenter", "--target", pid, "--mount", "--pid", "--", *map(str, words)]
        subprocess.run(command, check=True)

    def drop(self, dag_id, run_id):
        """A run that failed keeps its claim."""
        for claim in self.claims():
            if claim["metadata"]["labels"][VOLUME].startswith(f"{dag_id}-{run_id}-"):
                self.api.delete(self.path("persistentvolumeclaims", claim["metadata"]["name"]))

    def fails(self, dag_id, reason):
        self.ends(dag_id, "r1", "failed")
        self.until_("the pods are gone", lambda: not self.pods_of(dag_id, "r1"))
        attempts = self.server.attempts(dag_id, "r1")
        self.assertEqual([row["outcome"] for row in attempts], ["failed"])
        self.assertIn(reason, attempts[0]["reason"])

    def test_a_volume_that_is_full(self):
        self.trigger("full", "r1")
        self.addCleanup(self.drop, "full", "r1")
        volume = self.volume("full", "r1")   # its pod waits for a node
        self.in_cluster("mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "tmpfs", volume)
        self.addCleanup(self.in_cluster, "umount", "--lazy", volume)
        self.addCleanup(label_node, self.api, None)
        label_node(self.api, "open")
        self.fails("full", "No space left on device")

    def test_more_than_its_size(self):
        self.trigger("over", "r1")
        self.addCleanup(self.drop, "over", "r1")
        self.fails("over", "staging volume full")


class ImageName(tasks.TasksTest):
    """Nobody can make it right by waiting, unlike an image that cannot be pulled."""

    dags = {"nowhere/dag.py": tasks.NOWHERE.replace("@task", "@task(retries=3)")}
    settings = 'image: "Not A Name"\n'

    def test_that_is_none_fails_the_task_at_once(self):
        self.trigger("nowhere", "r1")
        self.ends("nowhere", "r1", "failed")
        attempts = self.server.attempts("nowhere", "r1")
        self.assertEqual(len(attempts), 1)
        self.assertIn("is not the name of an image", attempts[0]["reason"])
        self.until_("the pod is gone", lambda: not self.pods())


if __name__ == "__main__":
    import unittest
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""The cluster itself: what an executor relies on, and that nothing of a killed cluster is left."""
import contextlib
import os
import signal
import subprocess
import unittest
from pathlib import Path

from onenode.cluster import Cluster
from onenode.processes import is_alive, until
from onenode.settings import Refused
from support import WAIT_SECONDS, ClusterTest, state_of

AUDIENCE = "leoflow-test"
HARDENED = {"runAsNonRoot": True, "runAsUser": 1000, "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"}}
WRITE = ["python3", "-c", "open('/data/file', 'w').write('kept')"]
READ = ["python3", "-c", "print(open('/data/file').read())"]


def with_claim(name):
    return {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]}


class Pods(ClusterTest):
    def test_exit_code_and_termination_message_are_reported(self):
        script = "echo said; echo result > /dev/termination-log; exit 3"
        self.start_pod("ends", ["sh", "-c", script])
        ended = state_of(self.until_ended("ends"))["terminated"]
        self.assertEqual((ended["exitCode"], ended["message"]), (3, "result\n"))
        self.assertEqual(self.log("ends"), "said\n")

    def test_claim_is_shared_by_hardened_pods_and_its_folder_is_here(self):
        for claim, storage in (("now", None), ("late", "hostpath-late")):
            with self.subTest(claim):
                spec = {"accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": "1Gi"}}}
                if storage:
                    spec["storageClassName"] = storage
                self.api.create(self.path("persistentvolumeclaims"),
                                {"metadata": {"name": claim}, "spec": spec})
                mounts = {"volumeMounts": [{"name": "data", "mountPath": "/data"}],
                          "securityContext": HARDENED}
                for name, command in ((f"{claim}-writes", WRITE), (f"{claim}-reads", READ)):
                    self.start_pod(name, command, with_claim(claim), **mounts)
                    self.assertEqual(self.until_ended(name)["status"]["phase"], "Succeeded")
                self.assertEqual(self.log(f"{claim}-reads"), "kept\n")
                bound = self.api.get(self.path("persistentvolumeclaims", claim))
                volume = self.api.get("/api/v1/persistentvolumes/" + bound["spec"]["volumeName"])
                folder = self.cluster.place.volumes / Path(volume["spec"]["hostPath"]["path"]).name
                self.assertEqual((folder / "file").read_text(), "kept")
                self.api.delete(self.path("persistentvolumeclaims", claim))
                for name in (f"{claim}-writes", f"{claim}-reads"):
                    self.api.delete(self.path("pods", name))
                until("the folder is gone", lambda: not folder.exists(), WAIT_SECONDS)

    def test_projected_token_names_its_pod_to_a_review(self):
        source = {"serviceAccountToken": {"path": "token", "audience": AUDIENCE}}
        volume = {"volumes": [{"name": "id", "projected": {"sources": [source]}}]}
        self.start_pod("who", ["cat", "/id/token"], volume,
                       volumeMounts=[{"name": "id", "mountPath": "/id"}])
        found = self.until_ended("who")
        token = self.log("who")
        review = self.review(token, AUDIENCE)
        self.assertTrue(review["authenticated"])
        extra = review["user"]["extra"]
        self.assertEqual(extra["authentication.kubernetes.io/pod-uid"], [found["metadata"]["uid"]])
        self.assertFalse(self.review(token, "another").get("authenticated"))

    def review(self, token, audience):
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
                "spec": {"token": token, "audiences": [audience]}}
        return self.api.create("/apis/authentication.k8s.io/v1/tokenreviews", body)["status"]

    def test_missing_image_is_a_reason(self):
        self.start_pod("nothing", ["true"], image="localhost/none:1")
        waits = ("ErrImagePull", "ImagePullBackOff")
        self.until_pod("nothing", "image is missed", lambda found: state_of(found).get(
            "waiting", {}).get("reason") in waits)

    def test_memory_over_the_limit_is_killed(self):
        limits = {"limits": {"memory": "32Mi", "cpu": "500m"}}
        self.start_pod("hungry", ["python3", "-c", "bytearray(256 << 20)"], resources=limits)
        self.assertEqual(state_of(self.until_ended("hungry"))["terminated"]["reason"], "OOMKilled")

    def test_pod_reaches_what_runs_in_the_network(self):
        script = ("import urllib.request as r; "
                  "print(r.urlopen('http://10.244.0.1:18080/').status)")
        here = subprocess.Popen(["/usr/bin/python3.11", "-m", "http.server", "18080"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(here.wait)
        self.addCleanup(here.kill)
        self.start_pod("asks", ["python3", "-c", script])
        self.until_ended("asks")
        self.assertEqual(self.log("asks"), "200\n")


class Faults(ClusterTest):
    def test_api_server_that_was_away_is_back_with_everything(self):
        self.start_pod("stays", ["sleep", "1000"])
        self.until_pod("stays", "runs", lambda found: "running" in state_of(found))
        self.addCleanup(self.api_server_is_back)
        self.cluster.ask("signal", "kube-apiserver", str(int(signal.SIGKILL)))
        until("it has ended", lambda: self.cluster.status()["kube-apiserver"] != "running",
              WAIT_SECONDS)
        with self.assertRaises(OSError):
            self.api.get("/readyz")
        self.api_server_is_back()
        found = self.api.get(self.path("pods", "stays"))
        self.assertIn("running", state_of(found))

    def test_unknown_component_is_refused(self):
        with self.assertRaisesRegex(Refused, "no such component.*kubelet"):
            self.cluster.ask("stop", "kube-dns")

    def test_second_cluster_of_a_name_is_refused(self):
        with self.assertRaisesRegex(Refused, "is up; hint"):
            self.cluster.up()


class Ends(unittest.TestCase):
    """A second cluster beside the first, killed as hard as can be."""

    def test_killed_cluster_leaves_no_process_and_its_files_go_with_the_next(self):
        mounts = Path("/proc/self/mounts").read_text()
        cluster = Cluster(f"k{os.getpid()}")
        self.addCleanup(cluster.down)
        cluster.up()
        inside = self.processes(cluster.init())
        self.assertGreater(len(inside), 6)
        os.kill(cluster.init(), signal.SIGKILL)
        until("all processes end", lambda: not any(map(is_alive, inside)), WAIT_SECONDS)
        self.assertEqual(Path("/proc/self/mounts").read_text(), mounts)
        self.assertTrue(cluster.place.home.exists())
        cluster.up()
        self.assertEqual(set(cluster.status().values()), {"running"})
        cluster.down()
        self.assertFalse(cluster.place.home.exists())
        self.assertEqual(list(Path("/sys/fs/cgroup").glob(f"*/{cluster.place.cgroup}")), [])

    def processes(self, init):
        """Of its PID namespace."""
        space = os.readlink(f"/proc/{init}/ns/pid")
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdigit() and os.readlink(folder / "ns/pid") == space:
                    found.append(int(folder.name))
        return found


if __name__ == "__main__":
    unittest.main()

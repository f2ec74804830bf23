# SPDX-License-Identifier: Apache-2.0
"""Pods that share what they fetch: in a folder of their node, or in a claim."""
import json
import os
import sys
import tempfile
from pathlib import Path

from support import ClusterTest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import LEOFLOW, Server, until  # noqa: E402

SECONDS = 90
CHAIN = """
import os
from airflow.sdk import dag, task

@dag(schedule=None)
def chain():
    @task
    def first():
        print("agent", os.readlink("/proc/1/exe"))

    @task
    def second():
        print("agent", os.readlink("/proc/1/exe"), "file", __file__)

    first() >> second()

chain()
"""
CLAIM = {"metadata": {"name": "kept"},
         "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}


class Cache(ClusterTest):
    def run_chain(self, setting, port, said=""):
        """The logs of both tasks, which run once the server has said something."""
        with tempfile.TemporaryDirectory() as folder:
            settings = Path(folder, "kubernetes.yaml")
            settings.write_text(f"agent_port: {port}\nstart_ahead: never\n{setting}\n")
            server = Server({"chain/dag.py": CHAIN}, env={"KUBECONFIG": os.environ["KUBECONFIG"]},
                            arguments=["--executor", "k8s", "--kubernetes", str(settings),
                                       "--kubernetes-namespace", self.namespace])
            try:
                server.dag("chain")
                until(f"the server says {said!r}", lambda: said in server.printed(), SECONDS)
                server.trigger("chain")
                seen = server.finished("chain", "r1", SECONDS)
                self.assertEqual(seen, "success", server.printed()[-4000:])
                return [json.dumps(server.whole_log("chain", task)) for task in ("first", "second")]
            finally:
                server.close()

    def assert_shared(self, setting, port, said=""):
        first, second = self.run_chain(setting, port, said)
        self.assertIn("agent /leoflow/leoflow-agent", first)
        self.assertRegex(second, r"agent /leoflow-cache/\w{64}/leoflow-agent file /leoflow-cache/")

    def test_in_a_folder_of_the_node(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            self.assert_shared(f"cache_host_path: {folder}", 19391)

    def test_in_a_claim(self):
        self.api.create(self.path("persistentvolumeclaims"), CLAIM)
        until("the claim is bound",
              lambda: self.all_claims()[0]["status"]["phase"] == "Bound", SECONDS)
        self.assert_shared("cache_claim: kept", 19491)

    def test_in_a_claim_of_the_servers_own(self):
        for port, storage_class in ((19691, "hostpath"), (19791, "hostpath-late")):
            with self.subTest(storage_class):
                self.assert_shared(f"storage_class: {storage_class}", port, "pods share a cache")
        names = [claim["metadata"]["name"] for claim in self.all_claims()]
        self.assertEqual(sum(name.endswith("-cache") for name in names), 2)

    def test_a_folder_that_pods_cannot_write_to_is_done_without(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            logs = self.run_chain(f"cache_host_path: {folder}", 19591)
            self.assertEqual(os.listdir(folder), [])
        for log in logs:
            self.assertIn("agent /leoflow/leoflow-agent", log)


assert LEOFLOW.exists(), f"{LEOFLOW} is missing; hint: make"

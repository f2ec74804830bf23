# SPDX-License-Identifier: Apache-2.0
"""Pods that share what they fetch: in a folder of their node, or in a claim."""
import json
import os
import re
import sys
import tarfile
import tempfile
from pathlib import Path

from onenode import images
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
        import xml.dom.pulldom
        print("compiled", xml.dom.pulldom.__cached__)

    first() >> second()

chain()
"""
CLAIM = {"metadata": {"name": "kept"},
         "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}


UNCOMPILED = "localhost/python-uncompiled:3.11"


def uncompiled_image(folder):
    """Archive of the Python image without compiled files, as the images of Docker's library are."""
    with tarfile.open(images.cached_python()) as base:
        base.extract("layer.tar", folder)
    with tarfile.open(folder / "layer.tar") as layer:
        compiled = [Path(entry.name) for entry in layer if Path(entry.name).name == "__pycache__"]
    for path in compiled:   # a layer says so what it takes away
        mark = folder / "taken" / path.with_name(".wh.__pycache__")
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    layers = [folder / "layer.tar", images.pack(folder / "taken", folder / "taken.tar")]
    images.write_archive(layers, folder / "image.tar", (UNCOMPILED,), {"Env": [images.PATH]})
    return folder / "image.tar"


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

    def test_a_library_that_its_image_did_not_compile_is_compiled_once(self):
        with tempfile.TemporaryDirectory() as folder:
            self.cluster.load_image(uncompiled_image(Path(folder)))
            cache = Path(folder, "cache")
            cache.mkdir()
            cache.chmod(0o777)
            setting = f"image: {UNCOMPILED}\nimage_pull_policy: Never\ncache_host_path: {cache}"
            _, second = self.run_chain(setting, 19891)
            kept = re.search(r"compiled (/leoflow-cache/\w{64})(/xml/dom/\S+\.pyc)", second)
            self.assertTrue(kept, second)
            # The server's next pods find it.
            file = cache / Path(kept[1]).name / kept[2].lstrip("/")
            written = file.stat().st_mtime_ns
            self.run_chain(setting, 19891)
            self.assertEqual(file.stat().st_mtime_ns, written)

    def test_a_folder_that_pods_cannot_write_to_is_done_without(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            logs = self.run_chain(f"cache_host_path: {folder}", 19591)
            self.assertEqual(os.listdir(folder), [])
        for log in logs:
            self.assertIn("agent /leoflow/leoflow-agent", log)


assert LEOFLOW.exists(), f"{LEOFLOW} is missing; hint: make"

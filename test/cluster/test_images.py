# SPDX-License-Identifier: Apache-2.0
"""An image per version: built by a real tool from the local Python image, given to the node, and
run by pods that fetch nothing it holds. Those that come from a registry: test_registry."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from onenode.settings import ROOT
from registry import Tools
from support import ClusterTest

sys.path.insert(0, str(ROOT / "test" / "e2e"))
import harness  # noqa: E402  (the path comes first)

SECONDS_MAX = 240
BASE = "localhost/leoflow-test-python:3.11"
DAG = """
from airflow.sdk import dag, task

@dag(schedule=None)
def imaged():
    @task
    def where():
        import six
        return [__file__, six.__file__]
    where()

imaged()
"""
YAML = f"""
python_version: "3.11"
dependencies: [six==1.17.0]
base_image: {BASE}
"""


@unittest.skipUnless(shutil.which("buildah"), "buildah is not installed (tools/setup --cluster)")
class Images(ClusterTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(tempfile.mkdtemp(prefix="lf-images-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.tools = Tools(cls.folder / "tools")
        cls.tools.make_base(BASE)
        cls.project = cls.folder / "imaged"
        cls.project.mkdir()
        (cls.project / "dag.py").write_text(DAG)
        (cls.project / "leoflow.yaml").write_text(YAML)
        cls.server = harness.Server(
            env={"KUBECONFIG": str(cls.cluster.place.kubeconfig)}, watch=False,
            arguments=["--executor", "k8s", "--kubernetes-namespace", cls.namespace])
        cls.addClassCleanup(cls.server.close)

    @classmethod
    def outside(cls, *words, **env):
        """A program in the network of `run`, which has packages: what it prints."""
        command = ["nsenter", f"--net=/proc/{os.getppid()}/ns/net", "--", *map(str, words)]
        variables = {**harness.clean_environment(), **cls.tools.variables, **env}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def built(self):
        """Builds the image and gives it to the node; its name."""
        name = self.outside(harness.LEOFLOW, "build", self.project, "--tool", "buildah", "--home",
                            self.folder / "home").strip()
        archive = self.folder / "image.tar"
        archive.unlink(missing_ok=True)
        self.tools.run("buildah", "push", name, f"docker-archive:{archive}:{name}")
        self.cluster.load_image(archive)
        return name

    def deployed(self, image):
        done = self.server.leoflow("deploy", str(self.project), "--image", image)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.server.call("PATCH", "/api/v2/dags/imaged", {"is_paused": False})

    def layers(self, name):
        form = "{{.OCIv1.RootFS.DiffIDs}}"
        text = self.tools.run("buildah", "inspect", "--type", "image", "--format", form, name)
        return text.strip("[]\n ").split()

    def test_pods_run_what_the_image_holds_and_a_change_rebuilds_one_layer(self):
        first = self.built()
        self.deployed(first)
        self.server.trigger("imaged", "r1")
        self.assertEqual(self.server.finished("imaged", "r1", SECONDS_MAX), "success",
                         self.server.printed()[-3000:])
        file, six = self.server.xcom("imaged", "where", "r1")
        self.assertEqual(file, "/opt/leoflow/bundle/dag.py")
        self.assertEqual(six, "/opt/leoflow/environment/lib/python3.11/site-packages/six.py")
        (version,) = self.server.versions("imaged")
        self.assertEqual(version["image"], first)
        (self.project / "dag.py").write_text(DAG + "# changed\n")
        second = self.outside(harness.LEOFLOW, "build", self.project, "--tool", "buildah", "--tag",
                              "second", "--home", self.folder / "home").strip()
        before, after = self.layers(first), self.layers(second)
        self.assertEqual(before[:-1], after[:-1])
        self.assertNotEqual(before[-1], after[-1])

    def test_an_image_of_other_files_is_only_where_they_run(self):
        """Its pods see that it holds something else, and fetch."""
        image = self.built()
        (self.project / "dag.py").write_text(DAG.replace("imaged", "other"))
        done = self.server.leoflow("deploy", str(self.project), "--name", "other", "--image", image)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.server.call("PATCH", "/api/v2/dags/other", {"is_paused": False})
        self.server.trigger("other", "r1")
        self.assertEqual(self.server.finished("other", "r1", SECONDS_MAX), "success",
                         self.server.printed()[-3000:])
        file, six = self.server.xcom("other", "where", "r1")
        self.assertNotIn("/opt/leoflow/bundle", file)
        self.assertIn("/opt/leoflow/environment", six)

    def tearDown(self):
        (self.project / "dag.py").write_text(DAG)


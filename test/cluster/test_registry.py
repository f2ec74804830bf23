# SPDX-License-Identifier: Apache-2.0
"""Images that real tools build and push to a real registry, and that the node pulls from there for
each pod; what people are told when the registry, the password or the image is not there."""
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

import registry
from onenode.settings import NODE_ADDRESS, ROOT
from test_tasks import TasksTest

sys.path.insert(0, str(ROOT / "test" / "e2e"))
import harness  # noqa: E402  (the path comes first)
from test_environments import NAME, make_wheel  # noqa: E402

OPEN_PORT, LOCKED_PORT = 5000, 5001
LOGIN = ("ci", "geheim")
BASE = f"{NODE_ADDRESS}:{OPEN_PORT}/python:3.11"
BUILD_SECONDS_MAX = 300
DAG = """
from airflow.sdk import dag, task

@dag(schedule=None)
def {name}():
    @task
    def where():
        import {needs} as needed
        return [{word!r}, __file__, getattr(needed, "__file__", None)]
    where()

{name}()
"""
YAML = f"""
python_version: "3.11"
base_image: {BASE}
registry: {{url: "http://{NODE_ADDRESS}:%d/flows"%s}}
"""
MODULE = "leoflow_probe"
DEPENDENCIES = "dependencies: [leoflow-probe==1.0]\n"
FILE_OF_IMAGE = "/opt/leoflow/bundle/dag.py"
PACKAGE_OF_IMAGE = "/opt/leoflow/environment/lib/python3.11/site-packages/leoflow_probe.py"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class RegistryTest(TasksTest):
    settings = ("image_pull_policy: Always\n"
                "pod_template: {spec: {imagePullSecrets: [{name: flows}]}}\n")

    @classmethod
    def setUpClass(cls):
        if registry.missing():
            raise unittest.SkipTest(registry.missing())
        cls.folder = Path(tempfile.mkdtemp(prefix="lf-registry-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.serve_packages()
        super().setUpClass()
        cls.open = registry.Registry(cls.cluster, cls.folder / "open", OPEN_PORT)
        cls.addClassCleanup(cls.open.stop)
        cls.tools = registry.Tools(cls.folder / "tools")
        cls.tools.make_base("localhost/base")
        cls.tools.push("localhost/base", BASE)

    @classmethod
    def serve_packages(cls):
        """All that pip and uv find, here and while an image is built."""
        wheels = cls.folder / "packages" / "leoflow-probe"
        wheels.mkdir(parents=True)
        make_wheel(wheels)
        (wheels / "index.html").write_text(f'<a href="{NAME}">{NAME}</a>')
        handler = functools.partial(Quiet, directory=str(wheels.parent))
        server = http.server.ThreadingHTTPServer((NODE_ADDRESS, 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.shutdown)
        url = f"http://{NODE_ADDRESS}:{server.server_port}"
        cls.enterClassContext(mock.patch.dict(os.environ, {
            "PIP_INDEX_URL": url, "PIP_TRUSTED_HOST": NODE_ADDRESS,
            "LEOFLOW_CACHE": str(cls.folder / "cache")}))
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
            os.environ.pop(name, None)

    def project(self, name, word, port=OPEN_PORT, more="", needs=""):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "dag.py").write_text(DAG.format(name=name, word=word, needs=needs or "sys"))
        (folder / "leoflow.yaml").write_text(YAML % (port, more) + (DEPENDENCIES if needs else ""))
        return folder

    def leoflow(self, *words, **variables):
        return self.server.leoflow(*map(str, words), seconds=BUILD_SECONDS_MAX,
                                   env={**self.tools.variables, **variables})

    def sent(self, *words, **variables):
        """The only DAG of a deployment that succeeds."""
        done = self.leoflow(*words, "-o", "json", **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        (dag,) = json.loads(done.stdout)["dags"]
        self.server.call("PATCH", f"/api/v2/dags/{dag['dag_id']}", {"is_paused": False})
        return dag

    def refused(self, words, said, hint, **variables):
        done = self.leoflow(*words, **variables)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stderr, said)
        self.assertRegex(done.stderr.split("hint: ")[-1], hint)

    def image_of(self, dag_id, number=1):
        (found,) = [version["image"] for version in self.server.versions(dag_id)
                    if version["version_number"] == number]
        return found

    def waits(self, dag_id, run_id, said):
        """A run whose pod cannot have its image; `said` is shown at the task."""
        self.trigger(dag_id, run_id)
        self.until_("the reason is told",
                    lambda: "cannot be pulled" in str(self.reason(dag_id, run_id)))
        self.assertRegex(self.reason(dag_id, run_id), said)

    def one_attempt(self, dag_id, run_id):
        self.ends(dag_id, run_id)
        self.assert_no_try_spent(dag_id, "where", run_id)
        self.assertEqual(len(self.server.attempts(dag_id, run_id)), 1)


class Tools(RegistryTest):
    """Each tool that is there: build, push, deploy, and pods that run from what was pulled."""

    def goes_all_the_way(self, name, tool, **variables):
        folder = self.project(name, "one", needs=MODULE)
        built = self.leoflow("build", folder, "--tool", tool, **variables)
        self.assertEqual(built.returncode, 0, built.stderr)
        self.assertTrue(built.stdout.startswith(f"{self.open.address}/flows/{name}:"))
        self.sent("push", folder, "--tool", tool, **variables)
        self.project(name, "two", needs=MODULE)
        dag = self.sent("deploy", folder, "--tool", tool, **variables)
        self.assertEqual(dag["version_number"], 2)
        image = self.image_of(name, 2)
        self.assertRegex(image, rf"^{self.open.address}/flows/{name}@sha256:[0-9a-f]{{64}}$")
        self.assertNotEqual(image, self.image_of(name, 1))
        self.server.trigger(name, "r1")
        self.ends(name, "r1")
        self.assertEqual(self.server.xcom(name, "where", "r1"),
                         ["two", FILE_OF_IMAGE, PACKAGE_OF_IMAGE])
        self.assertIn(image, self.node_images())

    def node_images(self):
        done = subprocess.run(["ctr", "--address", str(self.cluster.place.containerd),
                               "--namespace", "k8s.io", "images", "list", "--quiet"],
                              check=True, capture_output=True, text=True)
        return done.stdout.split()

    @unittest.skipUnless(shutil.which("podman"), "podman is not installed")
    def test_podman(self):
        self.goes_all_the_way("by_podman", "podman")

    def test_buildah(self):
        self.goes_all_the_way("by_buildah", "buildah")

    @unittest.skipUnless(shutil.which("dockerd"), "docker's daemon is not installed")
    def test_docker(self):
        client = registry.docker_client()
        if client is None:
            self.skipTest("no docker in PATH takes secrets: older than 23, or with buildx")
        docker = registry.Docker(self.folder / "docker", [self.open.address])
        self.addCleanup(docker.stop)
        # Its BuildKit asks for a base image by TLS, whatever the daemon may do, unless it is there.
        self.tools.run("env", f"DOCKER_HOST={docker.host}", client, "pull", BASE)
        self.goes_all_the_way("by_docker", client, DOCKER_HOST=docker.host)


class Refusals(RegistryTest):
    """What is not there, or not given to everybody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.locked = registry.Registry(cls.cluster, cls.folder / "locked", LOCKED_PORT, LOGIN)
        cls.addClassCleanup(cls.locked.stop)

    def test_a_login_and_a_pull_secret(self):
        folder = self.project("locked", "one", LOCKED_PORT, ", auth_method: env")
        deploy = ("deploy", folder, "--tool", "buildah")
        self.refused(deploy, "LEOFLOW_REGISTRY_PASSWORD is not set", "buildah login")
        user, password = LOGIN
        self.refused(deploy, "invalid username/password", "LEOFLOW_REGISTRY_PASSWORD are right",
                     LEOFLOW_REGISTRY_USERNAME=user, LEOFLOW_REGISTRY_PASSWORD="falsch")
        self.sent(*deploy, LEOFLOW_REGISTRY_USERNAME=user, LEOFLOW_REGISTRY_PASSWORD=password)
        self.waits("locked", "r1", "wants a login .*401")
        self.give_pull_secret(user, password)
        self.one_attempt("locked", "r1")

    def give_pull_secret(self, user, password):
        done = self.cluster.kubectl(
            "-n", self.namespace, "create", "secret", "docker-registry", "flows",
            f"--docker-server={self.locked.address}", f"--docker-username={user}",
            f"--docker-password={password}")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_without_a_login(self):
        folder = self.project("unknown", "one", LOCKED_PORT)
        self.tools.forget_logins()
        self.refused(("deploy", folder, "--tool", "buildah"), "unauthorized|authentication",
                     "buildah login|auth_method: env")

    def test_a_registry_that_is_away(self):
        folder = self.project("away", "one")
        deploy = ("deploy", folder, "--tool", "buildah")
        self.sent(*deploy)
        self.open.stop()
        self.addCleanup(lambda: self.open.process or self.open.start())
        self.refused(("deploy", self.project("away", "two"), "--tool", "buildah"),
                     "connection refused", r"(base_image|registry.url) \(.*answers")
        self.waits("away", "r1", "does not answer: .*connection refused")
        self.open.start()
        self.one_attempt("away", "r1")
        self.assertEqual(self.server.xcom("away", "where", "r1")[0], "one")

    def test_a_tag_that_is_not_there_yet(self):
        image = f"{self.open.address}/flows/late:v1"
        self.sent("deploy", self.project("late", "one"), "--image", image)
        self.waits("late", "r1", "has no such image")
        self.tools.push("localhost/base", image)
        self.one_attempt("late", "r1")
        self.assertEqual(self.server.xcom("late", "where", "r1")[0], "one")

    def test_a_digest_is_what_runs_whatever_its_tag_says_later(self):
        """And a digest that nobody has is told apart."""
        repository = f"{self.open.address}/flows/pinned"
        folder = self.project("pinned", "one")
        self.sent("deploy", folder, "--tool", "buildah", "--tag", "same")
        first = self.image_of("pinned")
        self.tools.push("localhost/base", f"{repository}:same")
        self.server.trigger("pinned", "r1")
        self.one_attempt("pinned", "r1")
        self.assertEqual(self.server.xcom("pinned", "where", "r1"), ["one", FILE_OF_IMAGE, None])
        self.assertEqual(self.image_of("pinned"), first)
        self.sent("deploy", folder, "--image", f"{repository}@sha256:{'0' * 64}")
        self.waits("pinned", "r2", "has no such image")

# SPDX-License-Identifier: Apache-2.0
"""deploy/helm/leoflow: linted, rendered, accepted by the API server, and installed for real."""
import base64
import contextlib
import http.client
import json
import re
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

import server_image
from onenode import programs
from onenode.api import ApiError
from onenode.processes import until
from onenode.settings import ROOT
from support import WAIT_SECONDS, ClusterTest

CHART = ROOT / "deploy" / "helm" / "leoflow"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
INSTALL_SECONDS_MAX = 300
# What people set, in the combinations that render differently.
VARIANTS = {
    "defaults": {},
    "all switches on": {
        "ingress": {"enabled": True, "host": "flows.example.org", "className": "nginx"},
        "podDisruptionBudget": {"enabled": True},
        "serviceMonitor": {"enabled": True, "tokenSecret": "metrics", "labels": {"of": "us"}},
        "networkPolicies": {"httpFrom": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}],
                            "taskEgress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
        "tasks": {"image": "registry.example.org/python:{python}", "imagePullPolicy": "Always",
                  "admission": "secret",
                  "storageClass": "shared", "stagingAccess": "ReadWriteMany",
                  "cacheHostPath": "/var/cache/leoflow", "protectFromDrain": True,
                  "startAhead": "all", "pullSecrets": [{"name": "registry"}],
                  "podTemplate": {"spec": {"priorityClassName": "low"}},
                  "namespace": "testchart-tasks",
                  "policy": {"execution_keys": ["node_selector"]}},
        "workspace": {"existingClaim": "dags", "subPath": "production"},
        "server": {"extraArgs": ["--log-level=debug"], "nodeSelector": {"disk": "ssd"},
                   "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
                   "tolerations": [{"key": "only", "operator": "Exists"}],
                   "affinity": {"nodeAffinity": {}}, "priorityClassName": "high",
                   "podLabels": {"team": "data"}, "podAnnotations": {"note": "yes"},
                   "extraVolumes": [{"name": "oidc", "secret": {"secretName": "oidc"}}],
                   "extraVolumeMounts": [{"name": "oidc", "mountPath": "/etc/oidc"}],
                   "trustedProxies": ["10.0.0.0/8"]},
        "image": {"repository": "registry.example.org/leoflow", "tag": "1.2.3",
                  "pullSecrets": [{"name": "registry"}]},
    },
    "everything brought along": {
        "home": {"existingClaim": "home"}, "admin": {"existingSecret": "admin"},
        "tls": {"existingSecret": "certificate"},
        "serviceMonitor": {"enabled": True, "tokenSecret": "metrics",
                           "tlsConfig": {"ca": {"configMap": {"name": "ca", "key": "pem"}}}},
        "serviceAccount": {"create": False, "name": "flows"},
        "networkPolicies": {"enabled": False}, "rbac": {"create": False},
        "tasks": {"serviceAccount": {"create": False, "name": "worker"}, "cacheClaim": "kept"},
    },
    "tasks as processes": {"executor": "process"},
    "without TLS inside": {"tls": {"enabled": False}, "serviceMonitor": {
        "enabled": True, "tokenSecret": "metrics"}},
}
REFUSED = (
    ({"replicas": 2}, "additional properties"),
    ({"server": {"parallelism": "many"}}, "/server/parallelism"),
    ({"executor": "podman"}, "/executor"),
    ({"tasks": {"podTemplate": {"kind": "Pod"}}}, "/tasks/podTemplate"),
    ({"server": {"logLevel": "loud"}}, "/server/logLevel"),
    ({"home": {"size": "big"}}, "/home/size"),
    ({"tls": {"enabled": "no"}}, "/tls/enabled"),
    ({"server": {"extraVolumeMounts": [{"name": "oidc"}]}}, "/server/extraVolumeMounts"),
    ({"ingress": {"enabled": True}}, "/ingress/host"),
    ({"serviceMonitor": {"enabled": True}}, "/serviceMonitor/tokenSecret"),
)
MONITORS = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "servicemonitors.monitoring.coreos.com"},
    "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced",
             "names": {"plural": "servicemonitors", "kind": "ServiceMonitor"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {
                 "openAPIV3Schema": {"type": "object",
                                     "x-kubernetes-preserve-unknown-fields": True}}}]}}


# There is no DNS and no service proxy here: agents find the server by the address of its pod.
BY_ADDRESS = {"server": {
    "extraArgs": ["--agent-address=$(POD_IP)"],
    "extraEnv": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]}}
# What the server may do, and a few things that it may not.
RIGHTS = (("create", "pods", True), ("create", "persistentvolumeclaims", True),
          ("create", "tokenreviews", True), ("get", "secrets", False), ("create", "jobs", False),
          ("update", "nodes", False), ("exec", "pods", False))
RUNS = "/api/v2/dags/hello/dagRuns"
DAG = """from airflow.sdk import DAG, task

@task
def hello():
    print("hello from a pod")

with DAG("hello", schedule=None):
    hello()
"""


def helm(*words, values=None):
    """The finished process; values go in as JSON, which is YAML."""
    # Built by `run`, before this process was in a network without a way out.
    command = [str(programs.HELM.cached()), *map(str, words)]
    if values is not None:
        command += ["--values", "-"]
    return subprocess.run(command, input=json.dumps(values or {}), capture_output=True, text=True,
                          check=False)


def render(values, namespace="testchart"):
    version = programs.KUBERNETES.version()
    return helm("template", "flows", CHART, "--namespace", namespace, "--kube-version", version,
                values=values)


def objects(rendered):
    """(kind, namespace, name) of what was rendered."""
    found = []
    for text in rendered.stdout.split("\n---\n"):
        kind = re.search(r"^kind: (\w+)$", text, re.MULTILINE)[1]
        metadata = text[text.index("\nmetadata:"):]
        name = re.search(r"^  name: (\S+)$", metadata, re.MULTILINE)[1]
        space = re.search(r"^  namespace: (\S+)$", metadata, re.MULTILINE)
        found.append((kind, space and space[1], name))
    return found


class Rendering(unittest.TestCase):
    def test_lint_finds_nothing(self):
        for name, values in VARIANTS.items():
            with self.subTest(name):
                done = helm("lint", "--strict", CHART, values=values)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_pull_secrets_of_tasks_join_their_template(self):
        values = {"tasks": {"pullSecrets": [{"name": "registry"}],
                            "podTemplate": {"spec": {"priorityClassName": "low"}}}}
        done = render(values)
        self.assertEqual(done.returncode, 0, done.stderr)
        begin = done.stdout.index("    pod_template:\n")
        self.assertEqual(done.stdout[begin:].splitlines()[1:8],
                         ["      metadata:", "        labels:",
                          "          app.kubernetes.io/instance: testchart-flows-leoflow",
                          "      spec:", "        imagePullSecrets:", "        - name: registry",
                          "        priorityClassName: low"])

    def test_releases_of_one_name_share_a_namespace_of_tasks(self):
        values = {"tasks": {"namespace": "tasks", "protectFromDrain": True}}
        first, second = (render(values, namespace) for namespace in ("a", "b"))
        self.assertEqual(set(objects(first)) & set(objects(second)), set())
        self.assertIn(("Role", "tasks", "a-flows-leoflow"), objects(first))
        label = "app.kubernetes.io/instance: b-flows-leoflow"
        # The pods' own, who may call the server, whom nobody may call, who is not drained.
        self.assertEqual(second.stdout.count(label), 4)

    def test_values_that_would_do_nothing_are_refused(self):
        for values, expected in REFUSED:
            with self.subTest(values):
                done = render(values)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(expected, done.stderr)

    def test_every_value_has_a_schema(self):
        schema = json.loads((CHART / "values.schema.json").read_text())
        shown = helm("show", "values", CHART).stdout
        names = {line.split(":")[0] for line in shown.splitlines()
                 if line[:1].isalpha() and ":" in line}
        self.assertEqual(names, set(schema["properties"]) - {"global"})


class Connection(http.client.HTTPConnection):
    """TLS to an address, which must show a certificate of this name by this authority."""

    def __init__(self, address, name, authority):
        super().__init__(address, 8080, timeout=WAIT_SECONDS)
        self.name, self.context = name, ssl.create_default_context(cadata=authority)

    def connect(self):
        super().connect()
        self.sock = self.context.wrap_socket(self.sock, server_hostname=self.name)


class Server(ClusterTest):
    namespace_labels = RESTRICTED
    host = "flows-leoflow.server.svc"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", MONITORS)
        until("the kind ServiceMonitor", cls.monitors_are_known, WAIT_SECONDS)

    @classmethod
    def monitors_are_known(cls):
        with contextlib.suppress(ApiError):   # 404, then 429 while it begins
            return cls.api.get("/apis/monitoring.coreos.com/v1/servicemonitors")

    def test_api_server_takes_every_variant(self):
        elsewhere = f"{self.namespace}-tasks"
        self.api.create("/api/v1/namespaces", {"metadata": {"name": elsewhere}})
        self.addCleanup(self.api.delete, f"/api/v1/namespaces/{elsewhere}")
        for name, values in VARIANTS.items():
            with self.subTest(name):
                text = render(values).stdout.replace("namespace: testchart",
                                                     f"namespace: {self.namespace}")
                done = self.cluster.kubectl("apply", "--dry-run=server", "--validate=strict",
                                            "-f", "-", input=text)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotIn("Warning", done.stderr)

    def test_installed_it_serves_and_keeps_what_it_was_told(self):
        image = server_image.load(self.cluster).rsplit(":", 1)
        values = {"image": {"repository": image[0], "tag": image[1]}, "home": {"size": "1Gi"},
                  "workspace": {"existingClaim": self.claim_with_dag()}, **BY_ADDRESS}
        done = helm("install", "flows", CHART, "--namespace", self.namespace, "--wait",
                    "--timeout", f"{INSTALL_SECONDS_MAX}s", values=values)
        self.assertEqual(done.returncode, 0, done.stderr + self.why())
        self.run_dag()
        self.command_line_works_from_elsewhere()
        self.server_has_no_other_rights()
        self.api.delete(self.path("pods", "flows-leoflow-0"))
        until("another pod answers", self.answers_anew, INSTALL_SECONDS_MAX)
        status, found = self.ask("GET", RUNS + "/first", None, self.log_in())
        self.assertEqual((status, found["state"]), (200, "success"))
        self.upgrade_keeps_secrets(values)

    def command_line_works_from_elsewhere(self):
        """As the chart's README says: through a forwarded port, with the chart's authority."""
        with tempfile.TemporaryDirectory() as folder, self.forwarded() as port:
            authority = Path(folder) / "ca.pem"
            authority.write_text(self.secret("server-tls", "ca.crt"))
            words = ["dags", "list", "-o", "json", "--home", folder, "--ca", str(authority),
                     "--server", f"https://localhost:{port}", "--token", self.log_in()]
            program = str(server_image.BUILD / "bin" / "leoflow")
            done = subprocess.run([program, *words], capture_output=True, text=True,
                                  timeout=WAIT_SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([dag["dag_id"] for dag in json.loads(done.stdout)], ["hello"])

    @contextlib.contextmanager
    def forwarded(self):
        """A port here that is the service's."""
        command = self.cluster.command([
            self.cluster.place.programs / "kubectl", "-n", self.namespace, "port-forward",
            "svc/flows-leoflow", ":443"])
        with subprocess.Popen(command, env=self.cluster.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as process:
            try:
                told = process.stdout.readline()
                yield int(re.fullmatch(r"Forwarding from 127.0.0.1:(\d+) -> 8080\n", told)[1])
            finally:
                process.terminate()

    def server_has_no_other_rights(self):
        account = f"system:serviceaccount:{self.namespace}:flows-leoflow"
        for verb, kind, may in RIGHTS:
            with self.subTest(f"{verb} {kind}"):
                done = self.cluster.kubectl("-n", self.namespace, "auth", "can-i", verb, kind,
                                            "--as", account)
                self.assertEqual(done.stdout.strip(), "yes" if may else "no")

    def claim_with_dag(self):
        """Name of a claim whose volume holds a workspace."""
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
        path = self.path("persistentvolumeclaims", "dags")
        self.api.create(self.path("persistentvolumeclaims"),
                        {"metadata": {"name": "dags"}, "spec": spec})
        volume = until("the claim is bound",
                       lambda: self.api.get(path)["spec"].get("volumeName"), WAIT_SECONDS)
        found = self.api.get(f"/api/v1/persistentvolumes/{volume}")
        folder = self.cluster.place.volumes / Path(found["spec"]["hostPath"]["path"]).name
        (folder / "hello").mkdir()
        (folder / "hello" / "dag.py").write_text(DAG)
        return "dags"

    def run_dag(self):
        token = self.log_in()
        until("the DAG is there",
              lambda: self.ask("GET", "/api/v2/dags/hello", None, token)[0] == 200,
              INSTALL_SECONDS_MAX)
        self.ask("PATCH", "/api/v2/dags/hello", {"is_paused": False}, token)
        run = {"dag_run_id": "first", "logical_date": None}
        self.assertEqual(self.ask("POST", RUNS, run, token)[0], 200)
        state = until("the run ends", lambda: self.end_of_run(token), INSTALL_SECONDS_MAX)
        self.assertEqual(state, "success")
        path = f"{RUNS}/first/taskInstances/hello"
        self.assertRegex(self.ask("GET", path, None, token)[1]["hostname"], "^leoflow-.*-a1$")

    def end_of_run(self, token):
        state = self.ask("GET", RUNS + "/first", None, token)[1]["state"]
        return state if state in ("success", "failed") else None

    def upgrade_keeps_secrets(self, values):
        before = self.secrets()
        done = helm("upgrade", "flows", CHART, "--namespace", self.namespace, values=values)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.secrets(), before)

    def why(self):
        """For a message: what the pod says of itself."""
        return self.cluster.kubectl("-n", self.namespace, "describe", "pods").stdout[-3000:]

    def secret(self, name, key):
        secret = self.api.get(self.path("secrets", f"flows-leoflow-{name}"))
        return base64.b64decode(secret["data"][key]).decode()

    def secrets(self):
        return self.secret("admin", "password"), self.secret("server-tls", "tls.crt")

    def log_in(self):
        login = {"username": "admin", "password": self.secret("admin", "password")}
        return self.ask("POST", "/auth/token", login)[1]["access_token"]

    def ready_pod(self):
        found = self.api.find(self.path("pods", "flows-leoflow-0"))
        conditions = found["status"].get("conditions", []) if found else []
        ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
        return found if ready and "deletionTimestamp" not in found["metadata"] else None

    def answers_anew(self):
        return self.ready_pod() and self.ask("GET", "/api/v2/version")[0] == 200

    def ask(self, method, path, body=None, token=None):
        connection = Connection(self.ready_pod()["status"]["podIP"], self.host,
                                self.secret("server-tls", "ca.crt"))
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""What the tests on the cluster share: the cluster that `run` started, pods, waiting."""
import contextlib
import json
import os
import unittest
from pathlib import Path

from onenode.cluster import Cluster
from onenode.processes import until
from onenode.settings import PYTHON_IMAGES

WAIT_SECONDS = 60
IMAGE = PYTHON_IMAGES[0]
ENDED = ("Succeeded", "Failed")
VOLUME = "leoflow.io/volume"   # label of a claim


def cluster():
    return Cluster(os.environ["LEOFLOW_CLUSTER_NAME"])


def pod(name, command, spec=None, **container):
    """A pod of one container `main`."""
    main = {"name": "main", "image": IMAGE, "command": command, **container}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "automountServiceAccountToken": False,
                     "terminationGracePeriodSeconds": 1, "containers": [main], **(spec or {})}}


class ClusterTest(unittest.TestCase):
    """Each class has a namespace of its own."""

    namespace_labels = {}

    @classmethod
    def setUpClass(cls):
        cls.cluster = cluster()
        cls.api = cls.cluster.api()
        cls.addClassCleanup(cls.api.close)
        cls.namespace = cls.__name__.lower()
        cls.api.create("/api/v1/namespaces", {"metadata": {
            "name": cls.namespace, "labels": cls.namespace_labels}})
        cls.addClassCleanup(cls.api.delete, f"/api/v1/namespaces/{cls.namespace}")
        account = f"/api/v1/namespaces/{cls.namespace}/serviceaccounts/default"
        until("the default service account", lambda: cls.api.find(account), WAIT_SECONDS)

    @classmethod
    def path(cls, kind, name=""):
        return f"/api/v1/namespaces/{cls.namespace}/{kind}" + (f"/{name}" if name else "")

    def start_pod(self, *words, **options):
        return self.api.create(self.path("pods"), pod(*words, **options))["metadata"]["name"]

    def until_pod(self, name, what, condition):
        """The pod, once the condition holds for it."""
        def look():
            found = self.api.find(self.path("pods", name))
            return found if found and condition(found) else None
        try:
            return until(f"pod {name}: {what}", look, WAIT_SECONDS)
        except Exception:
            print(json.dumps(self.api.find(self.path("pods", name)), indent=1)[-3000:])
            raise

    def until_ended(self, name):
        return self.until_pod(name, "ends", lambda found: found["status"]["phase"] in ENDED)

    @classmethod
    def api_server_is_back(cls):
        """And a scheduler and controllers that are new with it, as those that lost their lease are
        on other clusters. Nothing when it was not away.

        The old ones' watches may be refused by a server that has not read its roles yet. What
        happens until they ask again, they look at minutes later or never: a claim stays for a pod
        that came and went meanwhile.
        """
        if cls.cluster.status()["kube-apiserver"] == "running":
            return
        cls.cluster.ask("start", "kube-apiserver")
        until("the API server answers", cls.api_server_answers, WAIT_SECONDS)
        for component in ("kube-scheduler", "kube-controller-manager"):
            cls.cluster.ask("stop", component)
            cls.cluster.ask("start", component)

    @classmethod
    def api_server_answers(cls):
        with contextlib.suppress(Exception):   # whatever it says while it starts
            return cls.api.get("/readyz")

    def all_claims(self):
        return self.api.get(self.path("persistentvolumeclaims"))["items"]

    def claims(self):
        """Those of staging volumes."""
        return [one for one in self.all_claims() if VOLUME in one["metadata"].get("labels", {})]

    def volume(self, dag_id, run_id):
        """Folder, on this host, of a run's claim."""
        name = f"{dag_id}-{run_id}-"
        claim = until("the claim is bound", lambda: next(
            (each for each in self.claims() if each["spec"].get("volumeName")
             and each["metadata"]["labels"][VOLUME].startswith(name)), None), WAIT_SECONDS)
        found = self.api.get("/api/v1/persistentvolumes/" + claim["spec"]["volumeName"])
        return self.cluster.place.volumes / Path(found["spec"]["hostPath"]["path"]).name

    def log(self, name):
        return self.cluster.kubectl("-n", self.namespace, "logs", name).stdout


def state_of(found):
    """State of the container `main`: waiting, running or terminated."""
    statuses = found["status"].get("containerStatuses") or [{"state": {}}]
    return statuses[0]["state"]

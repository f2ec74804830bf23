# SPDX-License-Identifier: Apache-2.0
"""Bare pods on the test cluster: the least that a task in a pod can cost there, since the kubelet
looks at containers once a second. Created with the API directly, seen through one watch."""

import contextlib
import sys
import threading
import time

from support.server import ROOT

sys.path.insert(0, str(ROOT / "test" / "cluster"))

from onenode import ability  # noqa: E402
from onenode.cluster import Cluster  # noqa: E402
from onenode.processes import until  # noqa: E402
from onenode.settings import NODE_ADDRESS, POD_RANGE, PYTHON_IMAGES  # noqa: E402,F401

NAMESPACE = "bench"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
ACCOUNT = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default"
SECONDS_MAX = 300
ENDED = ("Succeeded", "Failed")


@contextlib.contextmanager
def cluster():
    """A cluster for one benchmark, whose network this thread is in. What it takes minutes to make
    is made by tools/cluster up, once."""
    made = Cluster("bench")
    why_not = ability.reasons(made.place)
    if not why_not and not ability.is_made():
        why_not = ["Kubernetes is not built yet\nhint: tools/cluster up, once"]
    if why_not:
        raise SystemExit("pods: " + "; ".join(why_not))
    made.up(lambda text: print(text, file=sys.stderr), tied=True)
    try:
        with made.entered():
            yield made
    finally:
        made.down()


class Marks:
    """When each state of one pod was first seen, in seconds of time.perf_counter(); `created`, to
    be compared with times of Leoflow, in seconds since 1970."""

    def __init__(self):
        self.at = {}
        self.notes = {}

    def see(self, event, now):
        self.at.setdefault("created", time.time())
        self.notes = event["object"]["metadata"].get("annotations", {})
        status = event["object"]["status"]
        states = [each["state"] for each in status.get("containerStatuses") or []]
        if states and all("waiting" not in state for state in states):
            self.at.setdefault("running", now)
        if status.get("phase") in ENDED:
            self.at.setdefault("ended", now)
        if event["type"] == "DELETED":
            self.at.setdefault("gone", now)


class PodWatch(threading.Thread):
    """Follows all pods of a namespace. Use in `with`."""

    def __init__(self, api, path=PODS):
        super().__init__(daemon=True)
        self.api, self.path = api, path
        self.version = api.get(path)["metadata"]["resourceVersion"]
        self.changed = threading.Condition()
        self.pods = {}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        """The thread ends with the server or with the program."""

    def run(self):
        with contextlib.suppress(OSError):   # the cluster goes down
            for event in self.api.watch(self.path, self.version):
                now = time.perf_counter()
                with self.changed:
                    name = event["object"]["metadata"]["name"]
                    self.pods.setdefault(name, Marks()).see(event, now)
                    self.changed.notify_all()

    def wait(self, names, mark):
        """When the last of them was seen there."""
        def all_there():
            return all(mark in self.pods.get(name, Marks()).at for name in names)
        with self.changed:
            if not self.changed.wait_for(all_there, SECONDS_MAX):
                raise SystemExit(f"pods: not {mark} within {SECONDS_MAX} s: {', '.join(names)}")
            return max(self.pods[name].at[mark] for name in names)

    def wait_until_empty(self):
        """Until every pod that was ever seen is gone."""
        with self.changed:
            if not self.changed.wait_for(
                    lambda: all("gone" in marks.at for marks in self.pods.values()), SECONDS_MAX):
                raise SystemExit(f"pods: some are left after {SECONDS_MAX} s")


class BarePods:
    """No-op pods of the image that tasks use; `alike`: as locked down as pods of tasks and with
    their volumes."""

    def __init__(self, api, watch):
        self.api, self.watch, self.made = api, watch, 0

    def create(self, count, alike=False):
        names = []
        for _ in range(count):
            self.made += 1
            names.append(f"bare-{self.made}")
            self.api.create(PODS, pod_alike(names[-1]) if alike else pod(names[-1]))
        return names

    def one(self):
        """Seconds from creation sent to creation seen, to running seen and to Succeeded seen."""
        sent, began = time.time(), time.perf_counter()
        names = self.create(1)
        ended = self.watch.wait(names, "ended") - began
        running = self.watch.wait(names, "running") - began
        created = self.watch.wait(names, "created") - sent
        self.remove(names)
        return created, running, ended

    def fan(self, count, alike=False):
        """Seconds for `count` pods at once and, when all have succeeded, one more."""
        began = time.perf_counter()
        names = self.create(count, alike)
        self.watch.wait(names, "ended")
        join = self.create(1, alike)
        took = self.watch.wait(join, "ended") - began
        self.remove(names + join)
        return took

    def remove(self, names):
        for name in names:
            self.api.delete(f"{PODS}/{name}")
        self.watch.wait(names, "gone")


def pod(name):
    container = {"name": "main", "image": PYTHON_IMAGES[0], "command": ["true"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
                     "automountServiceAccountToken": False, "enableServiceLinks": False,
                     "containers": [container]}}


def pod_alike(name):
    """A bare pod in the shape of src/exec/kubernetes/pod_spec.cc."""
    made = pod(name)
    user = 65532
    made["spec"]["securityContext"] = {
        "runAsUser": user, "runAsGroup": user, "runAsNonRoot": True, "fsGroup": user,
        "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"}}
    token = {"path": "token", "audience": "leoflow", "expirationSeconds": 3600}
    made["spec"]["volumes"] = [
        {"name": "leoflow", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}},
        {"name": "token", "projected": {"sources": [{"serviceAccountToken": token}]}}]
    made["spec"]["containers"][0] |= {
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "leoflow", "mountPath": "/leoflow"},
                         {"name": "tmp", "mountPath": "/tmp"},
                         {"name": "token", "mountPath": "/var/run/leoflow", "readOnly": True}]}
    return made


def make_namespace(api):
    api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    until("the default service account", lambda: api.find(ACCOUNT), SECONDS_MAX)

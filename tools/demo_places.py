# SPDX-License-Identifier: Apache-2.0
"""Where tools/demo runs its tasks: in processes of this machine, or in pods. What the demo wants to
know of a volume is asked here, so that both show the same claims."""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test" / "cluster"))

from onenode.cluster import Cluster  # noqa: E402
from onenode.settings import NODE_ADDRESS, POD_RANGE, Refused  # noqa: E402

VOLUME_LABEL = "leoflow.io/volume"
TASK_PODS = "app.kubernetes.io/name=leoflow-task"
GONE_SECONDS_MAX = 120
PREPARE_SECONDS_MAX = 900
# Where no packet goes: only to learn by which address this machine reaches others.
ELSEWHERE = ("192.0.2.1", 9)


class Machine:
    """Tasks are processes, volumes are folders."""

    arguments = ()
    address = "127.0.0.1"    # where tasks reach PostgreSQL
    clients = None           # a network that PostgreSQL lets in besides this machine
    has_pods = False

    @contextlib.contextmanager
    def opened(self, *_):
        yield

    def file_identity(self, row, name):
        """What stays the same as long as the file of a volume is the same one."""
        info = (Path(row["path"]) / name).stat()
        return f"inode {info.st_ino}, mtime {info.st_mtime_ns}"

    def is_freed(self, row):
        return not Path(row["path"]).exists()


class Pods:
    """Tasks are pods, volumes are claims: in the cluster that KUBECONFIG names, else in a test
    cluster that goes with the demo."""

    arguments = ("--executor", "k8s")
    has_pods = True

    def __init__(self, say):
        self.say = say
        self.cluster = None if os.environ.get("KUBECONFIG") else Cluster("demo")
        self.address = NODE_ADDRESS if self.cluster else own_address()
        self.clients = POD_RANGE if self.cluster else "0.0.0.0/0"

    @contextlib.contextmanager
    def opened(self, program, workspace):
        """Throws Refused."""
        if not self.cluster:
            yield
            return
        self.say("starting a Kubernetes of its own (test/cluster)")
        began = time.monotonic()
        self.cluster.up(self.say, tied=True)
        try:
            self.say(f"  node Ready after {time.monotonic() - began:.1f} s")
            self.say("building the Python environment: the cluster's network has no way out")
            subprocess.run([program, "validate", workspace], check=True, stdout=subprocess.DEVNULL,
                           timeout=PREPARE_SECONDS_MAX)
            with self.cluster.entered():
                yield
        finally:
            self.cluster.down()

    def kubectl(self, *words):
        if self.cluster:
            done = self.cluster.kubectl(*words)
        elif shutil.which("kubectl"):
            done = subprocess.run(["kubectl", *words], capture_output=True, text=True, check=False)
        else:
            raise Refused("no kubectl on PATH", "install it, or unset KUBECONFIG")
        if done.returncode != 0:
            raise Refused(f"kubectl {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def claims(self, row):
        """PersistentVolumeClaims of a volume."""
        label = f"{VOLUME_LABEL}={row['name']}"
        return json.loads(self.kubectl("get", "pvc", "-l", label, "-o", "json"))["items"]

    def file_identity(self, row, name):
        claim = self.claims(row)[0]
        if not self.cluster:
            return f"claim {claim['metadata']['uid']}"
        volume = json.loads(self.kubectl("get", "pv", claim["spec"]["volumeName"], "-o", "json"))
        folder = self.cluster.place.volumes / Path(volume["spec"]["hostPath"]["path"]).name
        info = (folder / name).stat()
        return (f"claim {claim['metadata']['uid']}, inode {info.st_ino}, "
                f"mtime {info.st_mtime_ns}")

    def is_freed(self, row):
        return not self.claims(row)

    def task_pods(self):
        return self.kubectl("get", "pods", "-l", TASK_PODS, "-o", "name").split()


def own_address():
    """By which this machine reaches others, and so, mostly, they it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(ELSEWHERE)
        return probe.getsockname()[0]

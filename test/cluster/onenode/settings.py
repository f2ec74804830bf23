# SPDX-License-Identifier: Apache-2.0
"""Names, addresses and folders of a cluster; the exceptions of this package."""
import os
import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent   # test/cluster
ROOT = SOURCE.parent.parent

# Every address is one of the cluster's own network namespace, so that clusters share no address.
API_ADDRESS = "10.96.0.1"       # the first of the service range: pods and host see the same URL
SERVICE_RANGE = "10.96.0.0/16"
NODE_ADDRESS = "10.240.0.1"
POD_RANGE = "10.244.0.0/16"
POD_GATEWAY = "10.244.0.1"      # where pods reach what runs in the cluster's namespace
NODE = "node"
PAUSE_IMAGE = "localhost/pause:1"
PYTHON_IMAGES = ("docker.io/library/python:3.11-slim", "localhost/python:3.11")

NAME_CHARACTERS = re.compile(r"[a-z0-9-]{1,20}")   # it is part of a socket's path and of a cgroup's


class Refused(Exception):
    """What was asked cannot be done; the text says why, the hint what to do about it."""

    def __init__(self, text, hint=""):
        super().__init__(f"{text}; hint: {hint}" if hint else text)


def cache_folder():
    """Where what is slow to make is kept for the next cluster: programs and images."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("LEOFLOW_CLUSTER_CACHE") or Path(base) / "leoflow" / "cluster")


class Place:
    """The files of the cluster with this name. All of them go when it goes down."""

    PREFIX = "leoflow-cluster-"

    def __init__(self, name):
        if not NAME_CHARACTERS.fullmatch(name):
            raise Refused(f"{name!r} is no name of a cluster",
                          "up to 20 small letters, digits and '-'")
        self.name = name
        base = Path(os.environ.get("LEOFLOW_CLUSTER_HOME") or "/tmp")
        self.home = base / (self.PREFIX + name)
        self.cgroup = self.PREFIX + name
        self.kubeconfig = self.home / "admin.kubeconfig"
        self.containerd = self.home / "containerd.sock"
        self.control = self.home / "control.sock"
        self.logs = self.home / "logs"
        self.pki = self.home / "pki"
        self.programs = self.home / "bin"
        self.registries = self.home / "registries"   # how containerd reaches each
        self.volumes = self.home / "volumes"

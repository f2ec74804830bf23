# SPDX-License-Identifier: Apache-2.0
"""Whether this host can run a cluster, and if not, why."""
import os
import shutil
import subprocess

from . import cgroups, images, programs
from .node import CNI_PROGRAMS, RUNC

PROGRAMS = ("containerd", "ctr", RUNC, f"{CNI_PROGRAMS}/bridge", f"{CNI_PROGRAMS}/host-local",
            "conntrack", "ip", "mount", "nsenter", "openssl", "unshare")
STATE_BYTES_MIN = 3 << 30
# What init.py does first, tried in namespaces that go at once.
TRIAL = """set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir /run/low /run/up /run/work /run/all
mount -t overlay overlay -o lowerdir=/run/low,upperdir=/run/up,workdir=/run/work /run/all
ip link add pods type bridge
ip link add one type veth peer name two
"""
NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--mount-proc")


def reasons(place):
    """Sentences, none when a cluster can run here. Makes nothing that stays."""
    if os.geteuid() != 0:
        return ["not root"]
    missing = [name for name in PROGRAMS if shutil.which(name, path=search_path()) is None]
    found = []
    if missing:
        found.append(f"not installed: {', '.join(missing)} (tools/setup --cluster)")
    else:
        found += trial()
    found += trial_of_cgroups(place) + what_cannot_be_made()
    if shutil.disk_usage(existing(place.home)).free < STATE_BYTES_MIN:
        found.append(f"less than {STATE_BYTES_MIN >> 30} GB free in {place.home.parent}")
    return found


def search_path():
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def existing(path):
    while not path.exists():
        path = path.parent
    return path


def trial():
    done = subprocess.run(["unshare", *NAMESPACES, "sh", "-c", TRIAL], capture_output=True,
                          text=True, check=False)
    if done.returncode == 0:
        return []
    said = done.stderr.strip().splitlines() or ["no message"]
    return [f"no right to make namespaces, mounts and network devices: {said[-1]}"]


def trial_of_cgroups(place):
    try:
        if not cgroups.hierarchies():
            return ["no control groups at /sys/fs/cgroup"]
        cgroups.make(place.cgroup + "-trial")
        cgroups.remove(place.cgroup + "-trial")
        return []
    except OSError as error:
        return [f"no right to make a control group: {error}"]


def what_cannot_be_made():
    found = []
    if not is_cached(programs.KUBERNETES.cached()) and programs.find_go() is None:
        found.append("no Go %d.%d or newer to build Kubernetes with (tools/setup --cluster)"
                     % programs.GO_VERSION_MIN)
    if not is_cached(images.cached_python()) and shutil.which("debootstrap",
                                                              path=search_path()) is None:
        found.append("not installed: debootstrap (tools/setup --cluster)")
    return found


def is_cached(path):
    return path.exists()


def is_made():
    """Whether up() needs no network and no minutes."""
    return all(is_cached(path) for path in (programs.KUBERNETES.cached(), images.cached_pause(),
                                            images.cached_python()))

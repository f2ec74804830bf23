# SPDX-License-Identifier: Apache-2.0
"""The control group that all pods of a cluster are in, in every hierarchy there is (v1 or v2)."""
import contextlib
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "cpuset", "memory", "pids")


def is_unified():
    return (MOUNT / "cgroup.controllers").exists()


def hierarchies():
    if is_unified():
        return [MOUNT]
    return [folder for folder in MOUNT.iterdir()
            if folder.is_dir() and not folder.is_symlink() and (folder / "cgroup.procs").exists()]


def make(name):
    """Throws OSError where groups cannot be made."""
    for root in hierarchies():
        (root / name).mkdir(exist_ok=True)
        if is_unified():
            for group in (root, root / name):
                for controller in CONTROLLERS:
                    with contextlib.suppress(OSError):   # some hosts lack one
                        (group / "cgroup.subtree_control").write_text(f"+{controller}")


def remove(name):
    """Once no process is left in the group."""
    for root in hierarchies():
        groups = sorted((root / name).rglob("*/"), reverse=True) + [root / name]
        for group in groups:
            with contextlib.suppress(OSError):
                group.rmdir()

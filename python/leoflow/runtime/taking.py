# SPDX-License-Identifier: Apache-2.0
"""A process takes an attempt: its cgroups, its output, its start frame.

A fork of the template comes here by way of child.py, the interpreter of a single attempt by itself.
"""

import os
from os import close, dup2, write

from leoflow.runtime.task import main


def join_cgroups(files):
    """Moves this process into the cgroups of these cgroup.procs files; returns what failed, as
    texts."""
    problems = []
    for file in files:
        try:
            fd = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(fd, b"0")
            finally:
                os.close(fd)
        except OSError as error:
            problems.append(f"{file}: {error.strerror}")
    return problems


def run(descriptors, problems, leave):
    """Runs the attempt of these four descriptors and ends the process with `leave(status)`; never
    returns. `problems` are of join_cgroups()."""
    stdout, stderr, log, control = descriptors
    dup2(stdout, 1)
    dup2(stderr, 2)
    close(stdout)
    close(stderr)
    for problem in problems:
        write(2, f"this task runs without its limits: {problem}\n".encode())
    main(control, log, leave)

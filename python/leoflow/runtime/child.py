# SPDX-License-Identifier: Apache-2.0
"""The first steps of a forked child of the template.

They run once in each child, before anything in it is warm, so names are bound ahead: each one
looked up on the way costs a copied page.
"""

from _signal import SIG_DFL, SIGCHLD, set_wakeup_fd
from _signal import signal as set_signal  # as in the module signal, without its enumerations
from os import close, dup2, getppid, write

from leoflow.runtime.isolation import bind_staging, die_with_parent, join_cgroups, lead_session
from leoflow.runtime.task import main


def prepare():
    """Has the dynamic linker bind, in the template, what children call."""
    getppid()
    dup2(2, 2)


def detach(parent, descriptors):
    """Leads a session of its own, ends with `parent`, and lets go of what is the template's."""
    lead_session()
    die_with_parent(parent)
    set_wakeup_fd(-1)
    set_signal(SIGCHLD, SIG_DFL)
    for fd in descriptors:
        close(fd)


def become_task(request, descriptors):
    """Takes the place of the attempt of `request` and runs it; never returns."""
    problems = join_cgroups(request.get("cgroups") or ())
    if request.get("staging_path"):
        bind_staging(request["staging_path"])
    stdout, stderr, log, control = descriptors
    dup2(stdout, 1)
    dup2(stderr, 2)
    close(stdout)
    close(stderr)
    for problem in problems:
        write(2, f"this task runs without its limits: {problem}\n".encode())
    main(control, log)

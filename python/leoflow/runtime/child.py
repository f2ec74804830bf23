# SPDX-License-Identifier: Apache-2.0
"""The first steps of a forked child of the template.

They run once in each child, before anything in it is warm, so names are bound ahead: each one
looked up on the way costs a copied page.
"""

from _signal import SIG_DFL, SIGCHLD, set_wakeup_fd
from _signal import signal as set_signal  # as in the module signal, without its enumerations
from os import close, dup2, getppid

from leoflow.runtime import isolation
from leoflow.runtime.isolation import bind_staging, die_with_parent, lead_session
from leoflow.runtime.scheduling import go_last
from leoflow.runtime.taking import join_cgroups, run


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
    run(descriptors, problems, leave)


def leave(status):
    """The outcome is told and nobody waits for what is left: the kernel takes back the memory."""
    go_last()
    isolation.leave(status)

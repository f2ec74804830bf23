# SPDX-License-Identifier: Apache-2.0
"""What processes took of their machine, as frames tell it (docs/task-protocol.md)."""

import resource

_KIB = 1024


def told(*counts):
    """CPU time of all, and the largest resident size of any, of some getrusage(2) counts."""
    return {
        "cpu_us": int(sum(each.ru_utime + each.ru_stime for each in counts) * 1_000_000),
        "memory_peak_bytes": max(each.ru_maxrss for each in counts) * _KIB,
    }


def of_this_process():
    """This process and the children it waited for, until now."""
    return told(
        resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    )

# SPDX-License-Identifier: Apache-2.0
"""Lets other threads go first while this process does what nobody waits for.

Asking for long time slices does that: since Linux 6.12 a waking thread with a shorter slice takes
the processor at once. The share of the processor stays the same, so nothing starves on a loaded
machine, as it would with SCHED_IDLE or a nice value. Only speed depends on it: where the kernel
grants no slices nothing changes.
"""

import ctypes
import os
import struct

SLICE_NANOSECONDS = 100_000_000  # the longest there is
OWN_SLICE = 0  # the kernel's own choice
SYSCALLS = {"x86_64": 314, "aarch64": 274, "riscv64": 274, "s390x": 345, "ppc64le": 355}
KEEP_POLICY = 0x08

_syscall = ctypes.CDLL(None).syscall
_syscall.argtypes = (ctypes.c_ulong, ctypes.c_int, ctypes.c_char_p, ctypes.c_ulong)
_number = SYSCALLS.get(os.uname().machine)
_nice = os.getpriority(os.PRIO_PROCESS, 0)


def _attributes(nanoseconds):
    """A struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period."""
    return struct.pack("=IIQiIQQQ", 48, 0, KEEP_POLICY, _nice, 0, nanoseconds, 0, 0)


_yielding, _usual = _attributes(SLICE_NANOSECONDS), _attributes(OWN_SLICE)


def go_last():
    """From now on whatever wakes goes before this thread."""
    _set(_yielding)


def go_as_usual():
    """Ends what go_last() began. Needs no privilege."""
    _set(_usual)


def _set(attributes):
    """Nothing if the process has another nice value by now, which this would change as well."""
    if _number is not None and os.getpriority(os.PRIO_PROCESS, 0) == _nice:
        _syscall(_number, 0, attributes, 0)

# SPDX-License-Identifier: Apache-2.0
"""What sets a forked task apart: its session, its death with the template, its view of /staging.

Imported by the template before it forks, so that a child pays for the calls only.
"""

import ctypes
import os
from _signal import SIGKILL
from os import getppid

CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
STAGING = "/staging"

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)
_libc.unshare.argtypes = (ctypes.c_int,)
_libc.prctl.argtypes = (
    ctypes.c_int,
    ctypes.c_ulong,
    ctypes.c_ulong,
    ctypes.c_ulong,
    ctypes.c_ulong,
)
_prctl = _libc.prctl
# The same functions of the module os are bound by the dynamic linker when they are first called,
# which would be in each child anew.
_setsid = _libc.setsid
_leave = _libc._exit
_leave.argtypes = (ctypes.c_int,)


def lead_session():
    """os.setsid() of a child that leads no group yet."""
    _setsid()


def leave(status):
    """os._exit()."""
    _leave(status)


def die_with_parent(parent):
    """Has the kernel kill this process when `parent` ends, also if it has ended already."""
    _prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if getppid() != parent:
        os._exit(1)


def bind_staging(path, target=STAGING):
    """Shows `path` as /staging to this process alone. False if it cannot be: the task still has the
    real path."""
    if not os.path.isdir(path) or not os.path.isdir(target):
        return False
    if _libc.unshare(CLONE_NEWNS) != 0:
        return False
    if _libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        return False
    return _libc.mount(os.fsencode(path), os.fsencode(target), None, MS_BIND, None) == 0

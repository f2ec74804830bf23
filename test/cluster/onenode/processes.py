# SPDX-License-Identifier: Apache-2.0
"""Waiting, and processes known by their words."""
import contextlib
import os
import signal
import time
from pathlib import Path

POLL_SECONDS = 0.02
END_SECONDS_MAX = 30


class Late(Exception):
    """Something did not happen within its time."""


def until(what, condition, seconds):
    """The first true value of condition(). Throws Late."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Late(f"not within {seconds:g} s: {what}")
        time.sleep(POLL_SECONDS)


def is_alive(pid):
    """Whether it runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat[stat.rindex(")") + 2] not in "ZX"


def find(is_it):
    """pid of a process whose words (bytes) are the right ones; None when there is none."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if words[0] and is_it(words):
                    return int(folder.name)
    return None


def kill(pid):
    """SIGKILL, and gone when this returns."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    until(f"the end of process {pid}", lambda: not is_alive(pid), END_SECONDS_MAX)

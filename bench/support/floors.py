# SPDX-License-Identifier: Apache-2.0
"""The least that the same work can cost here, measured beside it."""

import os
import subprocess
import time

from support.table import median

PYTHON = "/usr/bin/python3.11"


def fork_and_wait(count, rounds=15):
    """Seconds for `count` bare forks of this process, one after the other."""
    return median([_forks(count) for _ in range(rounds)])


def _forks(count):
    began = time.perf_counter()
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    return time.perf_counter() - began


def program_start(argv, rounds=15):
    """Seconds from starting a program to its end."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return median(times)


def python_start(rounds=15):
    return program_start([PYTHON, "-I", "-c", "pass"], rounds)

# SPDX-License-Identifier: Apache-2.0
"""What the machine takes to wake a process that sleeps: a hand-over from one process to the next
cannot be quicker than that, times the processes and threads on its way."""

import os
import socket
import statistics
import time

ROUNDS = 8
IDLE_SECONDS = 1   # longer than what a processor waits before it rests


def seconds():
    """From here to a sleeping process and back, two wakes, after a while in which nothing ran."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        while theirs.recv(1):
            theirs.send(b".")
        os._exit(0)
    theirs.close()
    found = []
    with ours:
        for _ in range(ROUNDS):
            time.sleep(IDLE_SECONDS)
            began = time.perf_counter()
            ours.send(b".")
            ours.recv(1)
            found.append(time.perf_counter() - began)
    os.waitpid(child, 0)
    return statistics.median(found)

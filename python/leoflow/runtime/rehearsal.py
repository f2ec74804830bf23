# SPDX-License-Identifier: Apache-2.0
"""Runs a DAG of our own through the task runtime inside the template, before anything is forked.

CPython rewrites its bytecode in place while it learns, and fills caches at first use. Done here,
once, all forks share
the pages; left to the forks, each one would copy them.
"""

import collections.abc
import os
import signal
import socket
import sys

from leoflow.runtime import client as _client
from leoflow.runtime import context, loader, logs, task

ROUNDS = 12  # bytecode settles after eight runs
# A DAG is a file: packed, it lies beside the archive (pack.py).
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rehearsal_dag.py").replace(
    "/runtime.zip/", "/"
)
PLAIN_RESULTS = (1, 1.5, True, "text", b"", [], (), set(), None)
DATE = "2024-01-01T00:00:00.000000Z"


def rehearse(rounds=ROUNDS):
    """Leaves no trace but warm code. An error here means that no task could run, and is raised.

    With a real Airflow SDK in place of our surface there is nothing of ours to warm, and nothing is
    done.
    """
    if "airflow.sdk._scope" not in sys.modules:
        return
    environment, path = dict(os.environ), list(sys.path)
    log = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for _ in range(rounds):
            _round(log)
        for value in PLAIN_RESULTS:
            isinstance(value, collections.abc.Mapping)  # logging asks, and the answer is kept
    finally:
        logs.open_log(None)
        os.close(log)
        _client.install(None)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        sys.path[:] = path
        os.environ.clear()
        os.environ.update(environment)
        _forget_module()


def once():
    """One run that leaves its traces: for a child that ends after it."""
    if "airflow.sdk._scope" in sys.modules:
        _round(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))


def _round(log):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for message in (_start_frame(), {}, {}):
            ours.sendall(_client.encode_frame(message))
        task.attend(theirs.fileno(), log)
        context.pop_context()
        outcome = ours.recv(65536)
        logs.shutdown()
        logs.flush()
    if b'"kind":"succeeded"' not in outcome:
        raise RuntimeError(
            f"the rehearsal of a task failed: {outcome[4:].decode(errors='replace')}"
        )


def _start_frame():
    run = {"run_id": "rehearsal", "run_type": "manual", "run_after": DATE, "conf": {}}
    run.update(logical_date=DATE, data_interval_start=DATE, data_interval_end=DATE, start_date=DATE)
    return {
        "op": "start",
        "kind": "task",
        "dag_id": "rehearsal",
        "task_id": "step",
        "file": FILE,
        "try_number": 1,
        "run": run,
        "start_date": DATE,
        "env": {"LEOFLOW_REHEARSAL": "1"},
        "execution_timeout": 60,
    }


def _forget_module():
    name = os.path.splitext(os.path.basename(FILE))[0]
    sys.modules.pop(name, None)
    sys.modules["airflow.sdk._scope"].begin()

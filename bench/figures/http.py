# SPDX-License-Identifier: Apache-2.0
"""http: small authenticated GETs beside a bare Beast server, and what open event streams cost.

Server and load share the cores; the bare server runs under the same load in the same minute.
"""

import http.client
import json
import os
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

from figures import dags
from support.server import Server, cpu_seconds, program, pss
from support.table import Row, median

CONNECTIONS = 32
SECONDS = 4
STREAMS = 200
CHANGES_PER_SECOND = 100
STREAM_SECONDS = 8


def load_program():
    path = Path(os.environ.get("LEOFLOW_HTTP_LOAD", program().parent / "leoflow_http_load"))
    if not path.exists():
        raise SystemExit(f"{path} is missing\nhint: make bench builds it")
    return path


class Hello:
    """The bare server. Use in `with`."""

    def __enter__(self):
        self.process = subprocess.Popen([load_program(), "hello"], stdout=subprocess.PIPE,
                                        text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def gets_per_second(port, path, seconds, token=""):
    done = subprocess.run([load_program(), "get", str(port), path, str(CONNECTIONS), str(seconds),
                           token], check=True, capture_output=True, text=True)
    seen = json.loads(done.stdout)
    if seen["bad"] or not seen["whole"]:
        raise SystemExit(f"GET {path}: {seen}")
    return seen["good"] / seen["seconds"]


def gets(server, options):
    port = urllib.parse.urlsplit("//" + server.address).port
    seconds = options.seconds(SECONDS)
    paths = {"one DAG": "/api/v2/dags/dag_0", "who am I": "/api/leoflow/v1/me",
             "list of DAGs": "/api/v2/dags?limit=10", "no login": "/api/v2/version"}
    seen = {name: [] for name in ["bare", *paths]}
    with Hello() as hello:
        for _ in range(options.rounds(3)):
            seen["bare"].append(gets_per_second(hello.port, "/", seconds))
            for name, path in paths.items():
                seen[name].append(gets_per_second(port, path, seconds, server.token))
    rates = {name: median(values) for name, values in seen.items()}
    rows = []
    for name in paths:
        target = 10_000 if name == "one DAG" else None
        rows.append(Row(f"GET {name}", rates[name], "requests/s", target, True,
                        peer="bare Beast hello", peer_value=rates["bare"],
                        note=f"{CONNECTIONS} connections, load on the same cores"))
    return rows


class Changes:
    """Changes at a steady rate, made by pausing a DAG on and off. Use in `with`."""

    def __init__(self, server):
        self.server = server
        self.going, self.made = True, 0
        self.thread = threading.Thread(target=self.make)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        self.thread.join()

    def make(self):
        connection = http.client.HTTPConnection(self.server.address, timeout=60)
        headers = {"Authorization": "Bearer " + self.server.token,
                   "Content-Type": "application/json"}
        began = time.perf_counter()
        while self.going:
            paused = json.dumps({"is_paused": self.made % 2 == 0})
            connection.request("PATCH", "/api/v2/dags/dag_0", paused, headers)
            connection.getresponse().read()
            self.made += 1
            time.sleep(max(0.0, began + self.made / CHANGES_PER_SECOND - time.perf_counter()))
        connection.close()


def spent_with(server, streams, seconds):
    """(share of a core, MB, events per stream, changes) of the server under changes and streams."""
    port = urllib.parse.urlsplit("//" + server.address).port
    load = None
    if streams:
        load = subprocess.Popen([load_program(), "streams", str(port), "/api/leoflow/v1/events",
                                 str(streams), str(seconds + 2), server.token],
                                stdout=subprocess.PIPE, text=True)
        load.stdout.readline()
    pid = server.process.pid
    with Changes(server) as changes:
        time.sleep(1)
        began, cpu, before = time.perf_counter(), cpu_seconds(pid), changes.made
        time.sleep(seconds)
        share = 100 * (cpu_seconds(pid) - cpu) / (time.perf_counter() - began)
        made = changes.made - before
        memory = pss(pid)
    events = 0
    if load:
        seen = json.loads(load.communicate()[0])
        if not seen["whole"]:
            raise SystemExit(f"event streams broke: {seen}")
        events = seen["events"] / streams
    return share, memory, events, made / seconds


def streams(server, options):
    seconds = options.seconds(STREAM_SECONDS)
    alone, memory_alone, _, _ = spent_with(server, 0, seconds)
    share, memory, events, rate = spent_with(server, STREAMS, seconds)
    if not events:
        raise SystemExit("no events came")
    note = f"{rate:.0f} changes/s; with streams less without"
    return [
        Row(f"{STREAMS} event streams, CPU", share - alone, "% of a core", 5, note=note),
        Row(f"{STREAMS} event streams, memory", memory - memory_alone, "MB", 60),
    ]


def http_figures(options):
    with Server({f"dag_{n}": dags.chain(f"dag_{n}", 3) for n in range(10)}) as server:
        for n in range(10):
            server.wait_for_dag(f"dag_{n}")
        return gets(server, options) + streams(server, options)

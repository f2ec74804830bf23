# SPDX-License-Identifier: Apache-2.0
"""cold: start to the first answer. once: leoflow run. save: dag.py saved to version registered."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from figures import dags
from support import floors
from support.server import Server, program
from support.table import Row, median


def cold(options):
    empty, again = [], []
    for _ in range(options.rounds(7)):
        server = Server()
        try:
            empty.append(server.start() * 1000)
            server.stop()
            again.append(server.start() * 1000)
        finally:
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)
    floor = floors.program_start([program(), "--version"]) * 1000
    return [
        Row("cold start, empty home", median(empty), "ms", 200, peer="leoflow --version",
            peer_value=floor, note="exec to first answer of /api/v2/version"),
        Row("cold start, again", median(again), "ms", 100),
    ]


def once(options):
    rows = []
    with tempfile.TemporaryDirectory(prefix="leoflow-bench-") as folder:
        for operator, target, floor in (("bash", 150, ["/bin/bash", "-c", "true"]),
                                        ("python", 200, [floors.PYTHON, "-I", "-c", "pass"])):
            project = Path(folder) / operator
            project.mkdir()
            (project / "dag.py").write_text(dags.one(f"one_{operator}", operator))
            times = [_run_once(project) for _ in range(options.rounds(9) + 1)][1:]
            rows.append(Row(f"leoflow run, {operator}", median(times) * 1000, "ms", target,
                            peer=f"bare {operator}",
                            peer_value=floors.program_start(floor) * 1000,
                            note="process start to exit"))
    return rows


def _run_once(project):
    began = time.perf_counter()
    done = subprocess.run([program(), "run", project], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"leoflow run: {done.stdout}{done.stderr}")
    return time.perf_counter() - began


def save(options):
    times = []
    with Server({"saved": dags.chain("saved", 3)}) as server:
        server.wait_for_dag("saved")
        for number in range(options.rounds(9)):
            time.sleep(0.3)
            before = _newest_version(server)
            began = time.perf_counter()
            server.write_dag("saved", dags.chain("saved", 4 + number))
            while _newest_version(server) == before:
                time.sleep(0.002)
            times.append(time.perf_counter() - began)
    floor = floors.python_start()
    return [Row("save to registered", median(times) * 1000, "ms", 300,
                peer="bare python start", peer_value=floor * 1000)]


def _newest_version(server):
    path = "/api/v2/dags/saved/dagVersions?limit=1&order_by=-version_number"
    return server.call("GET", path)["dag_versions"][0]["version_number"]

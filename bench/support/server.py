# SPDX-License-Identifier: Apache-2.0
"""A server with a home and a workspace of its own, spoken to as any client does."""

import datetime
import http.client
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 60


def program():
    path = Path(os.environ.get("LEOFLOW_BENCH_PROGRAM", ROOT / "build" / "bin" / "leoflow"))
    if not path.exists():
        raise SystemExit(f"{path} is missing\nhint: make, or LEOFLOW_BENCH_PROGRAM=PATH")
    return path


def instant(text):
    """Seconds since 1970 of a time in an answer."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Server:
    """leoflow lite on a free port of loopback. Use in `with`; everything is gone afterwards."""

    def __init__(self, dags=None, folder=None, arguments=()):
        self.arguments = arguments
        self.folder = Path(folder or tempfile.mkdtemp(prefix="leoflow-bench-"))
        self.home = self.folder / "home"
        self.workspace = self.folder / "dags"
        self.workspace.mkdir(exist_ok=True)
        for name, text in (dags or {}).items():
            self.write_dag(name, text)
        self.process = None
        self.connection = None

    def write_dag(self, name, text, yaml=""):
        project = self.workspace / name
        project.mkdir(exist_ok=True)
        if yaml:
            (project / "leoflow.yaml").write_text(yaml)
        (project / "dag.py").write_text(text)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Returns when the address is known; seconds from exec to the first answer."""
        (self.home / "server.json").unlink(missing_ok=True)
        began = time.perf_counter()
        log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen(
            [program(), "lite", self.workspace, "--home", self.home, "--port", "0",
             *self.arguments],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            env=os.environ | {"LEOFLOW_ADMIN_PASSWORD": "admin"})
        log.close()
        while time.perf_counter() - began < START_SECONDS_MAX:
            if self.process.poll() is not None:
                raise SystemExit("the server ended:\n" + (self.folder / "server.log").read_text())
            try:
                url = json.loads((self.home / "server.json").read_text())["url"]
                self.address = urllib.parse.urlsplit(url).netloc
                self.connection = http.client.HTTPConnection(self.address, timeout=300)
                self.raw("GET", "/api/v2/version", token=None)
                took = time.perf_counter() - began
                self.token = (self.home / "cli.token").read_text().strip()
                return took
            except (OSError, ValueError):
                time.sleep(0.001)
        raise SystemExit("the server did not answer")

    def stop(self):
        agent = self.agent_pid()
        if self.connection:
            self.connection.close()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        deadline = time.time() + 5
        while agent and alive(agent) and time.time() < deadline:
            time.sleep(0.01)
        if agent and alive(agent):
            os.kill(agent, signal.SIGKILL)

    def agent_pid(self):
        try:
            return json.loads((self.home / "agent" / "agent.pid").read_text())["pid"]
        except (OSError, ValueError):
            return 0

    def raw(self, method, path, body=None, token=""):
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = "Bearer " + (token or self.token)
        if self._hung_up():
            self.connection.close()   # the request opens it anew
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def _hung_up(self):
        """Whether the server has closed the connection, as it does with those that idle."""
        sock = self.connection.sock
        return sock is not None and bool(select.select([sock], [], [], 0)[0])

    def call(self, method, path, body=None):
        status, answer = self.raw(method, path, body)
        if status >= 300:
            raise SystemExit(f"{method} {path}: {status} {answer}")
        return answer

    def wait_for_dag(self, dag_id):
        """Until the DAG is registered; then it is unpaused."""
        deadline = time.time() + START_SECONDS_MAX * 5
        while True:
            status, dag = self.raw("GET", f"/api/v2/dags/{dag_id}")
            if status == 200 and not dag.get("has_import_errors"):
                break
            if time.time() > deadline:
                errors = self.call("GET", "/api/v2/importErrors")
                raise SystemExit(f"{dag_id} did not appear: {errors}")
            time.sleep(0.01)
        if dag["is_paused"]:
            self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def run(self, dag_id, conf=None, seconds_max=600):
        """Triggers a run and waits for its end on the event stream, as the web page does."""
        stream = http.client.HTTPConnection(self.address, timeout=seconds_max)
        stream.request("GET", f"/api/leoflow/v1/events?dag_id={dag_id}",
                       headers={"Authorization": "Bearer " + self.token})
        events = stream.getresponse()
        self.connection.close()  # the server closes it when it is idle for long
        self.connection.connect()
        began = time.perf_counter()
        run = self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns",
                        {"logical_date": None, "conf": conf or {}})
        accepted = time.perf_counter()
        state = wait_for_end(events, run["dag_run_id"])
        ended = time.perf_counter()
        stream.close()
        self.connection.close()  # as above: the run may have been long
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run['dag_run_id']}"
        if state != "success":
            raise SystemExit(f"{path} ended as {state}:\n{self.failures(path)}")
        row = self.call("GET", path)
        return Run(ended - began, ended - accepted, row, self, path)

    def failures(self, path):
        texts = []
        for task in self.call("GET", path + "/taskInstances?limit=100")["task_instances"]:
            if task["state"] == "failed":
                where = f"{path}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
                texts.append(json.dumps(self.raw("GET", where)[1])[-2000:])
        return "\n".join(texts)


class Run:
    """A run that ended well. wall: trigger sent to end seen; after_accept: from the answer on."""

    def __init__(self, wall, after_accept, row, server, path):
        self.wall = wall
        self.after_accept = after_accept
        self.queued_at = instant(row["queued_at"])
        self.ended_at = instant(row["end_date"])
        self.server = server
        self.path = path

    def tasks(self):
        """Task instances by start; (task_id, start, end) in seconds."""
        rows = []
        while True:
            page = self.server.call(
                "GET", f"{self.path}/taskInstances?limit=100&offset={len(rows)}")["task_instances"]
            rows += [(t["task_id"], instant(t["start_date"]), instant(t["end_date"])) for t in page]
            if len(page) < 100:
                return sorted(rows, key=lambda row: row[1])


def wait_for_end(events, run_id):
    for line in events:
        if not line.startswith(b"data:") or run_id.encode() not in line:
            continue
        change = json.loads(line[5:])
        if change["kind"] == "run" and change["state"] in ("success", "failed"):
            return change["state"]
    raise SystemExit("the event stream ended before the run")


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def pss(pid):
    """Proportional share of memory of one process, in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_seconds(pid):
    """CPU time of all threads of a process, from the scheduler's own account in nanoseconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9

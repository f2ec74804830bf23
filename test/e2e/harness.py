# SPDX-License-Identifier: Apache-2.0
"""A Leoflow of one's own for a test: starts `leoflow lite` on a temporary home and workspace, talks
to its API, reads its files, and ends every process it started by pid, also when a test fails.

Nothing waits for a fixed time: until() looks at a condition until it holds or a deadline passes.
"""
import atexit
import contextlib
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import quote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # test/support
BUILD = Path(os.environ.get("LEOFLOW_BUILD") or Path(__file__).resolve().parents[2] / "build")
LEOFLOW = BUILD / "bin" / "leoflow"
CACHE = BUILD / "test-cache"
WAIT_SECONDS = float(os.environ.get("LEOFLOW_E2E_WAIT", "60"))
POLL_SECONDS = 0.03
TERMINAL_RUN = ("success", "failed")
PASSED_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
PASSED_PREFIXES = ("PIP_", "UV_", "http", "https", "HTTP", "HTTPS", "no_proxy", "NO_PROXY")

_open = []


@atexit.register
def _close_all():
    for server in list(_open):
        server.close()


def end_on_sigterm():
    """A test program that is told to stop still ends what it started, and then itself: unittest
    would take a SystemExit for the error of one test and go on."""
    def stop(*_):
        _close_all()
        os._exit(1)
    signal.signal(signal.SIGTERM, stop)


class Late(AssertionError):
    """A condition did not hold before its deadline."""


def until(what, condition, seconds=WAIT_SECONDS):
    """The first true value of condition()."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Late(f"not within {seconds} s: {what}; last seen: {value!r}")
        time.sleep(POLL_SECONDS)


def alive(pid):
    """Whether a process runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat[stat.rindex(")") + 2] not in "ZX"


def send(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def kill(pid):
    """SIGKILL, and gone when this returns."""
    send(pid, signal.SIGKILL)
    until(f"the end of process {pid}", lambda: not alive(pid))


def children(pid):
    """The direct children of a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(number) for number in task.read_text().split()]
    return found


def clean_environment(extra=None):
    kept = {name: value for name, value in os.environ.items()
            if name in PASSED_VARIABLES or name.startswith(PASSED_PREFIXES)}
    return {**kept, "LEOFLOW_ADMIN_PASSWORD": "admin", "LEOFLOW_CACHE": str(CACHE), **(extra or {})}


class ApiError(Exception):
    def __init__(self, what, status, body):
        super().__init__(f"{what} answered {status}: {str(body)[:400]}")
        self.status, self.body = status, body


class Server:
    """One home, one workspace, and the server and agent that run on them.

    dags maps relative paths of the workspace to file texts; without `watch` nothing is watched.
    """

    def __init__(self, dags=None, env=None, arguments=(), home=None, command=(), start=True,
                 watch=True):
        self.folder = Path(tempfile.mkdtemp(prefix="lf-e2e-"))
        self.folder.chmod(0o755)
        self.home = Path(home) if home else self.folder / "home"
        self.workspace = self.folder / "ws"
        self.workspace.mkdir()
        self.output = self.folder / "server.out"
        self.env, self.arguments, self.command = dict(env or {}), list(arguments), list(command)
        self.watch = watch
        self.process, self.url = None, None
        self.ca = None  # PEM file of the authority that a server with TLS is checked by
        _open.append(self)
        for name, text in (dags or {}).items():
            self.write(name, text)
        if start:
            self.start()

    # -- processes
    def spawn(self):
        """Starts the server without waiting for its address."""
        serve = ["lite", str(self.workspace)] if self.watch else ["server"]
        command = [*self.command, str(LEOFLOW), *serve, "--home", str(self.home), "--port", "0",
                   *self.arguments]
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(command, env=clean_environment(self.env), stdout=output,
                                            stderr=output, stdin=subprocess.DEVNULL)
        return self.process

    def start(self):
        """Starts the server and waits until it answers."""
        begun = time.monotonic()
        process = self.spawn()
        self.url = until("the server's address", self._address)
        until("the server's first answer", self._answers)
        self.started_in = time.monotonic() - begun
        return process

    def _address(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n"
                                 + self.printed())
        try:
            info = json.loads((self.home / "server.json").read_text())
        except (OSError, ValueError):
            return None
        return info["url"] if info["pid"] == self.process.pid else None

    def _answers(self):
        try:
            return self.request("GET", "/api/v2/dags")[0] == 200
        except OSError:
            return False

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        """kill -9 of the server."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks the server to stop; returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def agent(self):
        """pid of the agent, None when there is none."""
        try:
            pid = json.loads((self.home / "agent" / "agent.pid").read_text())["pid"]
        except (OSError, ValueError, KeyError):
            return None
        return pid if alive(pid) else None

    def interpreters(self):
        """pids of the template interpreters."""
        agent = self.agent()
        found = []
        for pid in children(agent) if agent else []:
            with contextlib.suppress(OSError):
                if b"template.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def close(self):
        if self in _open:
            _open.remove(self)
        if self.process and self.process.poll() is None:
            self.kill()
        agent = self.agent()
        if agent:
            kill(agent)
        for pid in self.leftovers():
            send(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def leftovers(self):
        """pids of processes whose command line names this installation's folder."""
        mark = str(self.folder).encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                if mark in (entry / "cmdline").read_bytes() and alive(int(entry.name)):
                    found.append(int(entry.name))
        return found

    def printed(self):
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def leoflow(self, *words, env=None, stdin="", seconds=120):
        """Runs a command of the command line on this home: its CompletedProcess."""
        return leoflow(*words, "--home", str(self.home), env=env, stdin=stdin, seconds=seconds)

    # -- files
    def write(self, name, text):
        """Saves a file of the workspace as editors do: at once."""
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name("." + path.name + "~")
        temporary.write_text(text)
        temporary.replace(path)
        return path

    # -- HTTP
    def connect(self, seconds=60):
        """A connection of http.client."""
        address = urlsplit(self.url)
        if address.scheme == "http":
            return http.client.HTTPConnection(address.hostname, address.port, timeout=seconds)
        context = ssl.create_default_context(cafile=self.ca)
        return http.client.HTTPSConnection(address.hostname, address.port, timeout=seconds,
                                           context=context)

    def request(self, method, path, body=None, token=True, headers=None, seconds=60):
        """(status, headers, bytes) of one request."""
        connection = self.connect(seconds)
        sent = {"Accept": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = "Bearer " + (self.home / "cli.token").read_text().strip()
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def call(self, method, path, body=None):
        """The JSON of a successful answer; else ApiError."""
        status, _, content = self.request(method, path, body)
        try:
            value = json.loads(content) if content else None
        except ValueError:
            value = content
        if status >= 300:
            raise ApiError(f"{method} {path}", status, value)
        return value

    def get(self, path):
        return self.call("GET", path)

    # -- DAGs and runs
    def dag(self, dag_id):
        """Waits for a DAG of the workspace."""
        def known():
            try:
                return self.get(f"/api/v2/dags/{quote(dag_id)}")
            except ApiError as error:
                if error.status != 404:
                    raise
                return None
        try:
            return until(f"DAG {dag_id}", known)
        except Late as error:
            raise Late(f"{error}; import errors: {self.import_errors()}") from None

    def versions(self, dag_id):
        return self.get(f"/api/v2/dags/{dag_id}/dagVersions")["dag_versions"]

    def import_errors(self):
        return self.get("/api/v2/importErrors")["import_errors"]

    def trigger(self, dag_id, run_id="r1", conf=None):
        self.dag(dag_id)
        return self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns",
                         {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}})

    def run_state(self, dag_id, run_id="r1"):
        return self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"]

    def finished(self, dag_id, run_id="r1", seconds=WAIT_SECONDS):
        """Waits for the end of a run: its state."""
        def ended():
            state = self.run_state(dag_id, run_id)
            return state if state in TERMINAL_RUN else None
        try:
            return until(f"the end of {dag_id} {run_id}", ended, seconds)
        except Late as error:
            raise Late(f"{error}\n{self.tasks(dag_id, run_id)}\n{self.printed()[-3000:]}") from None

    def run(self, dag_id, run_id="r1", conf=None, seconds=WAIT_SECONDS):
        """Triggers and waits: the run's state."""
        self.trigger(dag_id, run_id, conf)
        return self.finished(dag_id, run_id, seconds)

    def task(self, dag_id, task_id, run_id="r1"):
        return self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")

    def tasks(self, dag_id, run_id="r1"):
        """{task_id: state} of a run."""
        rows = self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=1000")
        return {row["task_id"]: row["state"] for row in rows["task_instances"]}

    def task_is(self, dag_id, task_id, state, run_id="r1"):
        until(f"{task_id} {state}", lambda: self.task(dag_id, task_id, run_id)["state"] == state)

    def attempts(self, dag_id, run_id="r1", task_id=None):
        rows = self.get(f"/api/leoflow/v1/dags/{dag_id}/dagRuns/{run_id}/attempts")["attempts"]
        return [row for row in rows if task_id in (None, row["task_id"])]

    def log(self, dag_id, task_id, run_id="r1", try_number=1):
        """The log of a try as a list of objects."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        status, _, content = self.request("GET", path, headers={"Accept": "application/x-ndjson"})
        if status != 200:
            raise ApiError("GET " + path, status, content)
        return [json.loads(line) for line in content.splitlines()]

    def whole_log(self, dag_id, task_id, run_id="r1", try_number=1):
        """The log of a try once the server says that it is complete: its last lines come after the
        outcome, and none at all from an agent that was killed in between."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"

        def whole():
            token = ""
            while token is not None:
                page = self.get(f"{path}?token={token}" if token else path)
                if not page["content"] or page["continuation_token"] == token:
                    return None
                token = page["continuation_token"]
            return self.log(dag_id, task_id, run_id, try_number)
        return until(f"the whole log of {task_id}", whole)

    def events(self, dag_id, task_id, run_id="r1", try_number=1, logger=None):
        """The texts of a log, of one logger if given."""
        lines = self.whole_log(dag_id, task_id, run_id, try_number)
        return [line["event"] for line in lines if logger in (None, line.get("logger"))]

    def xcom(self, dag_id, task_id, run_id="r1", key="return_value"):
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.get(path)["value"]


def leoflow(*words, env=None, stdin="", seconds=120):
    """Runs a command of the command line: its CompletedProcess."""
    return subprocess.run([str(LEOFLOW), *words], env=clean_environment(env), input=stdin,
                          text=True, errors="replace", capture_output=True, timeout=seconds,
                          check=False)


class ServerTest(unittest.TestCase):
    """One server for all tests of a class; `dags` is its workspace."""

    dags = {}
    env = {}
    server = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.dags, cls.env)
        cls.addClassCleanup(cls.server.close)


end_on_sigterm()

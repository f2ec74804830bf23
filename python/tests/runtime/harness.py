# SPDX-License-Identifier: Apache-2.0
"""A small agent in Python: drives template.py over its socket and answers what tasks ask."""

import array
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import textwrap

PYTHON_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEMPLATE = os.path.join(PYTHON_ROOT, "leoflow", "template.py")
PATIENCE = 30  # seconds without a word after which a test fails instead of hanging
SITE_ENV = "LEOFLOW_TEST_SITE_PACKAGES"


def site_packages():
    """Folders with Jinja2 for the templates of the tests; empty means the interpreter's own."""
    return [folder for folder in os.environ.get(SITE_ENV, "").split(os.pathsep) if folder]


def add_site_packages():
    """Makes the runtime and, if named, the test packages importable in this process."""
    for folder in [PYTHON_ROOT, *site_packages()]:
        if folder not in sys.path:
            sys.path.append(folder)


def has_jinja():
    add_site_packages()
    try:
        import jinja2  # noqa: F401
    except ImportError:
        return False
    return True


def send_frame(sock, message):
    body = json.dumps(message).encode()
    sock.sendall(len(body).to_bytes(4, "big") + body)


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        chunk = sock.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def read_frame(sock):
    return json.loads(read_exactly(sock, int.from_bytes(read_exactly(sock, 4), "big")))


def start_frame(file, **over):
    """A start frame with the usual values; `run` is merged."""
    now = "2024-03-01T00:00:00.000000Z"
    run = {
        "run_id": "r1",
        "run_type": "manual",
        "logical_date": None,
        "data_interval_start": None,
        "data_interval_end": None,
        "run_after": now,
        "queued_at": now,
        "start_date": now,
        "conf": {},
        "clear_number": 0,
        "triggering_user_name": None,
    }
    run.update(over.pop("run", {}))
    frame = {
        "op": "start",
        "kind": "task",
        "dag_id": "d",
        "file": file,
        "bundle": os.path.dirname(file),
        "project": os.path.dirname(file),
        "task_id": "t",
        "map_index": -1,
        "try_number": 1,
        "max_tries": 0,
        "operator": "op",
        "attempt": 1,
        "run": run,
        "start_date": now,
        "previous_success": None,
        "env": {},
        "secrets": {},
        "mask": [],
        "xcoms": {},
        "execution_timeout": None,
        "xcom_bytes_max": 262144,
        "spill_folder": None,
        "hostname": "h",
        "base_url": "http://localhost:8080",
    }
    return {**frame, **over}


class Result:
    """What one attempt said and did."""

    def __init__(self):
        self.calls, self.log, self.out, self.err = [], [], "", ""
        self.status = self.use = None
        self.pid = None

    def of(self, op):
        return [call for call in self.calls if call["op"] == op]

    @property
    def outcome(self):
        found = self.of("outcome")
        return found[0] if found else None

    @property
    def xcoms(self):
        return {call["key"]: call["value"] for call in self.of("xcom_push")}

    @property
    def events(self):
        return [line["event"] for line in self.log]


class Agent:
    """One template interpreter and the answers to its tasks. `variables`, `connections` and `xcoms`
    are the store."""

    def __init__(self, preload=(), environment=None, once=False, template=TEMPLATE):
        ours, theirs = socket.socketpair()
        command = [
            "/bin/sh",
            "-c",
            f'exec 3<&{theirs.fileno()}; exec "$@"',
            "sh",
            sys.executable,
            "-I",
            template,
        ]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),), env=environment
        )
        theirs.close()
        ours.settimeout(PATIENCE)
        self.channel = ours
        self.variables, self.connections, self.xcoms = {}, {}, {}
        self.assets, self.asset_events = {}, []
        self.errors = {}
        self.attempt = 0
        init = {"op": "init", "site_packages": site_packages(), "preload": list(preload)}
        send_frame(ours, {**init, "once": True} if once else init)
        self.ready = read_frame(ours)

    def close(self):
        self.channel.close()
        self.process.wait(timeout=PATIENCE)

    def spawn(self, **options):
        """Starts an attempt; returns its control socket and its three outputs (stdout, stderr,
        log)."""
        self.attempt += 1
        control, theirs = socket.socketpair()
        control.settimeout(PATIENCE)
        pipes = [os.pipe() for _ in range(3)]
        request = {
            "op": "spawn",
            "attempt": self.attempt,
            "cgroups": [],
            "staging_path": None,
            **options,
        }
        body = json.dumps(request).encode()
        fds = array.array("i", [write for _, write in pipes] + [theirs.fileno()])
        frame = len(body).to_bytes(4, "big") + body
        self.channel.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        for _, write in pipes:
            os.close(write)
        theirs.close()
        return control, [read for read, _ in pipes]

    def run(self, start, **options):
        """Runs one attempt to its end."""
        control, outputs = self.spawn(**options)
        send_frame(control, start)
        result = Result()
        texts = self._serve(control, outputs, result)
        result.out, result.err = texts[0].decode(), texts[1].decode()
        result.log = [json.loads(line) for line in texts[2].splitlines()]
        while result.status is None:
            frame = read_frame(self.channel)
            result.pid = frame["pid"]
            if result.pid == self.process.pid:
                self._take_end(result)
            elif frame["op"] == "exited":
                result.status = frame["status"]
                result.use = {name: frame[name] for name in ("cpu_us", "memory_peak_bytes")}
        return result

    def _take_end(self, result):
        """Of an interpreter that became the attempt's process."""
        _, result.status, counts = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(result.status)
        cpu = int((counts.ru_utime + counts.ru_stime) * 1_000_000)
        result.use = {"cpu_us": cpu, "memory_peak_bytes": counts.ru_maxrss * 1024}

    def _serve(self, control, outputs, result):
        texts = [b"", b"", b""]
        with selectors.DefaultSelector() as selector:
            selector.register(control, selectors.EVENT_READ, None)
            for index, fd in enumerate(outputs):
                selector.register(fd, selectors.EVENT_READ, index)
            while selector.get_map():
                for key, _ in selector.select(timeout=PATIENCE) or self._stuck():
                    if key.data is None:
                        if not self._answer(control, result):
                            selector.unregister(control)
                            control.close()
                        continue
                    chunk = os.read(key.fd, 65536)
                    texts[key.data] += chunk
                    if not chunk:
                        selector.unregister(key.fd)
                        os.close(key.fd)
        return texts

    def _stuck(self):
        raise TimeoutError("the task neither says anything nor ends")

    def _answer(self, control, result):
        try:
            call = read_frame(control)
        except (EOFError, ConnectionError):
            return False
        result.calls.append(call)
        if call["op"] not in ("running", "rendered"):
            send_frame(control, self._reply(call))
        return True

    def _reply(self, call):
        op = call["op"]
        if op in self.errors:
            return {"error": self.errors[op]}
        if op == "xcom_pull":
            values = [self.xcoms.get((task, call["key"])) for task in call["task_ids"]]
            return {"values": [{"found": value is not None, "value": value} for value in values]}
        if op == "variable_get":
            return {
                "found": call["key"] in self.variables,
                "value": self.variables.get(call["key"]),
            }
        if op == "variable_set":
            self.variables[call["key"]] = call["value"]
        if op == "variable_delete":
            self.variables.pop(call["key"], None)
        if op == "connection_get":
            found = self.connections.get(call["conn_id"])
            return {"found": found is not None, "connection": found}
        if op == "asset_get":
            found = self.assets.get(call["name"])
            return {"found": found is not None, "asset": found}
        if op == "asset_events":
            return {"events": self.asset_events}
        return {}


# A stand-in for the authoring surface: DAGs as plain attributes, tasks as plain functions.
FAKE_DAG = """
class Op:
    upstream_task_ids = downstream_task_ids = frozenset()
    template_fields, template_ext, params = (), (), {}
    do_xcom_push, multiple_outputs, owner, email = True, False, "airflow", None
    on_execute_callback = on_success_callback = on_failure_callback = None
    on_retry_callback = on_skipped_callback = None

    def __init__(self, task_id, function=lambda context: None, **attributes):
        self.task_id, self.function = task_id, function
        self.__dict__.update(attributes)

    def pre_execute(self, context):
        pass

    def post_execute(self, context, result=None):
        pass

    def execute(self, context):
        return self.function(context)


class Dag:
    user_defined_macros = user_defined_filters = jinja_environment_kwargs = template_undefined = None
    template_searchpath, render_template_as_native_obj = [], False
    on_success_callback = on_failure_callback = None

    def __init__(self, dag_id, *tasks, **attributes):
        self.dag_id, self.params = dag_id, {}
        self.task_dict = {task.task_id: task for task in tasks}
        self.folder = __file__.rpartition("/")[0]
        self.__dict__.update(attributes)
        for task in tasks:
            task.dag = self

"""


class Bundle:
    """A temporary folder with a dag.py; close() removes it."""

    def __init__(self, text, files=None, fake=True):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = self._folder.name
        self.file = self.write("dag.py", (FAKE_DAG if fake else "") + textwrap.dedent(text))
        for name, content in (files or {}).items():
            self.write(name, content)

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        return path

    def close(self):
        self._folder.cleanup()

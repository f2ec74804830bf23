# SPDX-License-Identifier: Apache-2.0
"""pod_start.py as a process, with a real server of the agent program, which is a shell script."""
import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

SCRIPT = Path(__file__).with_name("pod_start.py")
# An agent that has the waiting Python run a program, and tells how that ended.
ORDERS = f"""#!{sys.executable}
import json, os, socket
pid, channel, python = os.environ["LEOFLOW_INTERPRETER"].split(":", 2)
order = (os.environ["PROGRAM"] + "\\0GIVEN=x=y\\0EMPTY=").encode()
with socket.socket(fileno=int(channel)) as orders:
    orders.sendall(len(order).to_bytes(4, "big") + order + b"next frame")
    ended = os.waitpid(int(pid), 0)
    print(ended == (int(pid), 0), python == {sys.executable!r}, flush=True)
""".encode()
PROGRAM = """import os, signal, socket, sys
def told():
    with socket.socket(fileno=3) as channel:
        return channel.recv(100)
print(told(), __name__, sys.argv == [__file__], dict(os.environ), file=sys.stderr)
print(os.getsid(0) == os.getpid(), os.getcwd(), "stand_by" in globals(), file=sys.stderr)
print(os.listdir("/proc/self/fd"), os.readlink("/proc/self/fd/0"), file=sys.stderr)
print(*map(signal.getsignal, (signal.SIGTERM, signal.SIGPIPE)), file=sys.stderr)
print("out", flush=True)
"""
AGENT = b'#!/bin/sh\necho "$0 $1"\n' + b"#" * 300_000
WANTED = hashlib.sha256(AGENT).hexdigest()
SECONDS_MAX = 60


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):   # noqa: N802
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.gives)))
        self.end_headers()
        self.wfile.write(self.server.gives)

    def log_message(self, *_):
        """Nothing to standard error."""


class PodStart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="leoflow-pod-start-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.own = self.folder / "leoflow-agent"
        self.cache = self.folder / "cache"
        self.cache.mkdir()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.gives, self.server.asked = AGENT, 0
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def start(self, **variables):
        """The ended process, which became the agent or said why not."""
        port = self.server.server_address[1]
        environment = {
            "LEOFLOW_AGENT_URL": f"http://127.0.0.1:{port}/agent/x", "LEOFLOW_AGENT_SHA256": WANTED,
            "LEOFLOW_AGENT_PATH": str(self.own),
            "LEOFLOW_TERMINATION_LOG": str(self.folder / "termination-log"), **variables}
        command = [sys.executable, "-I", "-c", SCRIPT.read_text()]
        return subprocess.run(command, env=environment, capture_output=True, text=True,
                              timeout=SECONDS_MAX)

    def becomes(self, path, **variables):
        ended = self.start(**variables)
        self.assertEqual((ended.stdout, ended.stderr), (f"{path} pod\n", ""))

    def test_fetches_the_agent_and_becomes_it(self):
        self.becomes(self.own)
        self.assertEqual(self.own.read_bytes(), AGENT)

    def test_a_python_stands_by_to_be_the_interpreter(self):
        program = self.folder / "program.py"
        program.write_text(PROGRAM)
        self.server.gives = ORDERS
        ended = self.start(LEOFLOW_AGENT_SHA256=hashlib.sha256(ORDERS).hexdigest(),
                           PROGRAM=str(program))
        self.assertEqual(ended.stdout, "True True\n")
        self.assertEqual(ended.stderr.splitlines(), [
            "b'next frame' __main__ True {'GIVEN': 'x=y', 'EMPTY': ''}", "True / False",
            "['0', '1', '2', '3'] /dev/null", "0 1", "out"])

    def test_another_program_is_not_run(self):
        self.server.gives = b"#!/bin/sh\necho stolen\n"
        ended = self.start()
        self.assertNotIn("stolen", ended.stdout)
        self.assertEqual(ended.returncode, 1)
        told = json.loads((self.folder / "termination-log").read_text())
        self.assertEqual(told["kind"], "lost")
        self.assertIn("is not the wanted leoflow-agent", told["reason"])

    def test_pods_after_the_first_find_it_in_their_cache(self):
        self.becomes(self.own, LEOFLOW_CACHE=str(self.cache))
        kept = self.cache / WANTED / "leoflow-agent"
        self.becomes(kept, LEOFLOW_CACHE=str(self.cache))
        self.assertEqual(self.server.asked, 1)
        size = self.cache / f"{WANTED}.size"
        self.assertEqual(size.read_text(), str(len(AGENT)))
        self.assertEqual({each.name for each in self.cache.iterdir()}, {WANTED, size.name})

    def test_use_of_what_is_kept_can_be_seen(self):
        self.becomes(self.own, LEOFLOW_CACHE=str(self.cache))
        size = self.cache / f"{WANTED}.size"
        os.utime(size, (1, 1))
        self.becomes(self.cache / WANTED / "leoflow-agent", LEOFLOW_CACHE=str(self.cache))
        self.assertGreater(size.stat().st_mtime, 1)

    def test_a_cache_that_cannot_be_used_costs_nothing_but_time(self):
        missing = self.folder / "missing"
        self.becomes(self.own, LEOFLOW_CACHE=str(missing))
        broken = self.cache / WANTED / "leoflow-agent"
        broken.parent.mkdir()
        broken.write_text("no program")
        self.becomes(self.own, LEOFLOW_CACHE=str(self.cache))
        self.assertEqual(self.server.asked, 2)
        self.assertEqual([each.name for each in self.cache.iterdir()], [WANTED])


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""pod_start.py as a process, with a real server of the agent program, which is a shell script.
LEOFLOW_TEST_PYTHON names another Python to run it than this one."""
import hashlib
import http.server
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "test" / "support"))
from certificates import Authority  # noqa: E402  (the path comes first)

SCRIPT = Path(__file__).with_name("pod_start.py")
PYTHON = os.environ.get("LEOFLOW_TEST_PYTHON", sys.executable)
# An agent that has the waiting Python run a program, and tells how that ended.
ORDERS = f"""#!{sys.executable}
import json, os, socket
pid, channel, python = os.environ["LEOFLOW_INTERPRETER"].split(":", 2)
order = (os.environ["PROGRAM"] + "\\0GIVEN=x=y\\0EMPTY=").encode()
with socket.socket(fileno=int(channel)) as orders:
    orders.sendall(len(order).to_bytes(4, "big") + order + b"next frame")
    ended = os.waitpid(int(pid), 0)
    print(ended == (int(pid), 0), python == {PYTHON!r}, flush=True)
""".encode()
PROGRAM = """import os, signal, socket, sys
def told():
    with socket.socket(fileno=3) as channel:
        return channel.recv(100)
def say(*words):
    print(*words, file=sys.stderr, flush=True)
say(told(), __name__, sys.argv == [__file__], dict(os.environ))
say(os.getsid(0) == os.getpid(), os.getcwd(), "stand_by" in globals())
say(os.listdir("/proc/self/fd"), os.readlink("/proc/self/fd/0"))
say(*[int(signal.getsignal(each)) for each in (signal.SIGTERM, signal.SIGPIPE)])
print("out", flush=True)
"""
AGENT = b'#!/bin/sh\necho "$0 $1"\n' + b"#" * 300_000
WANTED = hashlib.sha256(AGENT).hexdigest()
SECONDS_MAX = 60
WAITS = "(0.2, 0.5, 1, 2, 4, 8, 0)"   # between tries


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):   # noqa: N802
        self.server.asked += 1
        answer = self.server.first.pop(0) if self.server.first else 200
        if isinstance(answer, bytes):
            self.wfile.write(answer)   # and no more
            return
        self.send_response(answer)
        self.send_header("Content-Length", str(len(self.server.gives)))
        self.end_headers()
        self.wfile.write(self.server.gives)

    def log_message(self, *_):
        """Nothing to standard error."""


class Server(http.server.ThreadingHTTPServer):
    """Gives the agent over TLS. `first`: what the first requests get, a status or bytes."""

    def __init__(self, authority, names):
        super().__init__(("127.0.0.1", 0), Handler)
        self.gives, self.asked, self.first = AGENT, 0, []
        certificate, key = authority.folder / "cert.pem", authority.folder / "key.pem"
        authority.certify(names, certificate, key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)

    def finish_request(self, request, client_address):
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request, client_address):
        """Who hung up is looked at from its own side."""


class PodStart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="leoflow-pod-start-")
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(folder.name)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="leoflow-pod-start-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.own = self.folder / "leoflow-agent"
        self.cache = self.folder / "cache"
        self.cache.mkdir()
        self.server = self.serve("IP:127.0.0.1")

    def serve(self, names):
        """A server whose certificate bears these names."""
        server = Server(self.authority, names)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def start(self, **variables):
        """The ended process, which became the agent or said why not."""
        port = self.server.server_address[1]
        environment = {
            "LEOFLOW_AGENT_URL": f"https://127.0.0.1:{port}/agent/x",
            "LEOFLOW_AGENT_SHA256": WANTED, "LEOFLOW_AGENT_PATH": str(self.own),
            "LEOFLOW_CA": self.authority.certificate.read_text(),
            "LEOFLOW_TERMINATION_LOG": str(self.folder / "termination-log"), **variables}
        script = SCRIPT.read_text()
        self.assertIn(WAITS, script)
        command = [PYTHON, "-I", "-c", script.replace(WAITS, "(0.001, 0)")]
        return subprocess.run(command, env=environment, capture_output=True, text=True,
                              timeout=SECONDS_MAX)

    def is_lost(self, ended, reason):
        """It did not become the agent, and says so as an agent would."""
        self.assertEqual((ended.stdout, ended.returncode), ("", 1))
        told = json.loads((self.folder / "termination-log").read_text())
        self.assertEqual((told["leoflow"], told["kind"]), (1, "lost"))
        self.assertIn(reason, told["reason"])

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
        self.is_lost(self.start(), "is not the wanted leoflow-agent")

    def test_tries_again_what_failed_or_was_cut_off(self):
        for first in (503, b"", b"HTTP/1.1 200 OK\r\nContent-",
                      b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + AGENT):
            with self.subTest(str(first)[:40]):
                self.server.first = [first]
                self.becomes(self.own)
        self.assertEqual(self.server.asked, 8)

    def test_says_why_there_is_none(self):
        self.server.first = [404, 404]
        self.is_lost(self.start(), "status 404")
        self.is_lost(self.start(LEOFLOW_AGENT_URL="https://127.0.0.1:1/agent/x"), "refused")

    def test_a_server_of_another_authority_is_not_asked(self):
        with tempfile.TemporaryDirectory() as folder:
            other = Authority(folder).certificate.read_text()
        self.is_lost(self.start(LEOFLOW_CA=other), "certificate verify failed")
        self.assertEqual(self.server.asked, 0)

    def test_a_server_of_another_name_is_not_asked(self):
        self.server = self.serve("IP:127.0.0.2,DNS:elsewhere")
        self.is_lost(self.start(), "certificate verify failed")
        self.assertEqual(self.server.asked, 0)

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

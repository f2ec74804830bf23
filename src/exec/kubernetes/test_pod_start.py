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
        command = [sys.executable, "-I", "-S", "-c", SCRIPT.read_text()]
        return subprocess.run(command, env=environment, capture_output=True, text=True,
                              timeout=SECONDS_MAX)

    def becomes(self, path, **variables):
        ended = self.start(**variables)
        self.assertEqual((ended.stdout, ended.stderr), (f"{path} pod\n", ""))

    def test_fetches_the_agent_and_becomes_it(self):
        self.becomes(self.own)
        self.assertEqual(self.own.read_bytes(), AGENT)

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

# SPDX-License-Identifier: Apache-2.0
"""How a pod of a stock image gets its agent: the script in its command, run against a server."""
import hashlib
import http.server
import json
import os
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

POD = Path(__file__).resolve().parents[2] / "src/exec/kubernetes/golden/plain.json"
AGENT = b"#!/bin/sh\necho agent $1\n"


class Downloads(http.server.BaseHTTPRequestHandler):
    answers = []   # status by request, or bytes to send; then 200

    def do_GET(self):
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, bytes):
            self.wfile.write(answer)
            self.close_connection = True
            return
        self.send_response(answer)
        self.send_header("Content-Length", str(len(AGENT)))
        self.end_headers()
        self.wfile.write(AGENT)

    def log_message(self, *_):
        pass


class FetchScript(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.message = self.folder / "message"
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Downloads)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}/agent/x/leoflow-agent"

    def run_script(self, sha256, url=None):
        container = json.loads(POD.read_text())["spec"]["containers"][0]
        python, *options, script = container["command"]
        self.assertEqual(python, "python3")
        script = script.replace("/dev/termination-log", str(self.message))
        script = script.replace("(0.2, 0.5, 1, 2, 4, 8, 0)", "(0.001, 0)")
        environment = {"LEOFLOW_AGENT_URL": url or self.url, "LEOFLOW_AGENT_SHA256": sha256,
                       "LEOFLOW_AGENT_PATH": str(self.folder / "agent"), "PATH": os.defpath}
        return subprocess.run(["/usr/bin/python3.11", *options, script], env=environment,
                              capture_output=True, text=True, timeout=60, check=False)

    def last_word(self):
        return json.loads(self.message.read_text())

    def test_becomes_the_agent(self):
        done = self.run_script(hashlib.sha256(AGENT).hexdigest())
        self.assertEqual((done.stdout, done.returncode), ("agent pod\n", 0), done.stderr)

    def test_tries_again(self):
        Downloads.answers = [503]
        done = self.run_script(hashlib.sha256(AGENT).hexdigest())
        self.assertEqual(done.stdout, "agent pod\n", done.stderr)

    def test_what_was_cut_off_is_fetched_again(self):
        for cut in (b"", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 200 OK\r\nContent-Length: 99"
                    b"\r\n\r\n" + AGENT):
            Downloads.answers = [cut]
            done = self.run_script(hashlib.sha256(AGENT).hexdigest())
            self.assertEqual(done.stdout, "agent pod\n", done.stderr)

    def test_another_agent_is_not_run(self):
        done = self.run_script("0" * 64)
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertIn("not the wanted", self.last_word()["reason"])

    def test_says_why_there_is_none(self):
        Downloads.answers = [404, 404]
        done = self.run_script("0" * 64)
        self.assertEqual(done.returncode, 1)
        word = self.last_word()
        self.assertEqual((word["leoflow"], word["kind"]), (1, "lost"))
        self.assertIn("status 404", word["reason"])

    def test_says_that_nobody_listens(self):
        done = self.run_script("0" * 64, "http://127.0.0.1:1/agent/x/leoflow-agent")
        self.assertEqual(done.returncode, 1)
        self.assertIn("refused", self.last_word()["reason"])


if __name__ == "__main__":
    unittest.main()

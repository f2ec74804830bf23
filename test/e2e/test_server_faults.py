# SPDX-License-Identifier: Apache-2.0
"""What the server meets from outside: a home it may not write, a home or port that is taken,
clients that send nonsense."""
import fcntl
import json
import os
import shutil
import socket
import subprocess
import threading
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from harness import LEOFLOW, Server, ServerTest, clean_environment, until

DAG = '''
from airflow.sdk import dag, task

@dag(schedule=None)
def small():
    @task
    def one():
        return 1
    one()

small()
'''
NOBODY = 65534


class Starting(unittest.TestCase):
    def setUp(self):
        self.server = Server({"small.py": DAG}, start=False)
        self.addCleanup(self.server.close)

    def start_and_fail(self, *arguments, home=None, command=()):
        """Runs a server that must end by itself: (status, stderr)."""
        words = [*command, str(LEOFLOW), "lite", str(self.server.workspace), "--home",
                 str(home or self.server.home), *arguments]
        ran = subprocess.run(words, env=clean_environment(), capture_output=True, text=True,
                             timeout=60, check=False)
        return ran.returncode, ran.stderr

    def test_home_that_cannot_be_written(self):
        closed = self.server.folder / "closed"
        closed.mkdir()
        closed.chmod(0o555)
        command = []
        if os.geteuid() == 0:
            if not shutil.which("setpriv"):
                self.skipTest("root without setpriv")
            if not self.readable_by_nobody(LEOFLOW):
                self.skipTest("the program is not readable for other users here")
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        status, text = self.start_and_fail("--port", "0", home=closed / "home", command=command)
        self.assertEqual(status, 3, text)
        self.assertIn(str(closed), text)
        self.assertIn("Permission denied", text)
        self.assertIn("hint:", text)

    @staticmethod
    def readable_by_nobody(path):
        return all(parent.stat().st_mode & 0o001 for parent in (path, *Path(path).parents))

    def test_second_server_on_the_same_home(self):
        self.server.start()
        status, text = self.start_and_fail("--port", "0")
        self.assertEqual(status, 5, text)
        self.assertIn(str(self.server.pid), text)
        self.assertIn("hint:", text)
        self.assertEqual(self.server.run("small"), "success")

    def test_lock_that_a_killed_server_left_for_a_moment(self):
        """It was starting a process, which had its descriptors until it began."""
        self.server.start()
        self.server.kill()
        path = str(self.server.home / "server.lock")
        with open(path, "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = self.server.spawn()

            def looks():
                folder = f"/proc/{process.pid}/fd"
                return process.poll() is not None or path in (
                    os.path.realpath(f"{folder}/{fd}") for fd in os.listdir(folder))

            until("the new server looks at the lock", looks)
        self.server.url = until("the server's address", self.server._address)
        self.assertEqual(self.server.run("small"), "success")

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            status, text = self.start_and_fail("--port", str(port))
        self.assertNotEqual(status, 0)
        self.assertIn(str(port), text)
        self.assertRegex(text, r"in use")
        self.assertIn("hint:", text)
        # Nothing stays behind: the next start works.
        self.server.start()
        self.assertEqual(self.server.run("small"), "success")

    def test_orderly_stop_of_an_idle_server_leaves_no_process(self):
        self.server.start()
        self.assertEqual(self.server.run("small"), "success")
        self.assertEqual(self.server.stop(), 0)
        self.assertFalse((self.server.home / "server.json").exists())
        until("nothing runs", lambda: not self.server.leftovers(), 20)

    def test_workspace_that_is_not_there(self):
        shutil.rmtree(self.server.workspace)
        status, text = self.start_and_fail("--port", "0")
        self.assertEqual(status, 4, text)
        self.assertIn("hint:", text)

    def test_damaged_database_is_told_and_kept(self):
        self.server.home.mkdir()
        database = self.server.home / "leoflow.db"
        database.write_bytes(b"not a database " * 1000)
        status, text = self.start_and_fail("--port", "0")
        self.assertNotEqual(status, 0)
        self.assertIn("leoflow.db", text)
        self.assertTrue(database.read_bytes().startswith(b"not a database"))


class Clients(ServerTest):
    dags = {"small.py": DAG}

    def send_raw(self, data, seconds=30):
        """What the server answers to bytes, up to its closing or the end of one answer."""
        address = urlsplit(self.server.url)
        with socket.create_connection((address.hostname, address.port), seconds) as link:
            link.sendall(data)
            link.settimeout(seconds)
            return link.recv(65536)

    def post(self, body, path="/api/v2/dags/small/dagRuns"):
        status, _, content = self.server.request("POST", path, body,
                                                 headers={"Content-Type": "application/json"})
        return status, content

    def assert_problem(self, answer, statuses):
        status, content = answer
        self.assertIn(status, statuses, content)
        self.assertIn("detail", json.loads(content))

    def test_malformed_json(self):
        for body in (b"{", b"", b"\xff\xfe", b"[1,2", b'{"a":1}trailing', b"nul"):
            self.assert_problem(self.post(body), (400, 422))

    def test_json_of_wrong_shape(self):
        for body in (b"[]", b"3", b'{"conf": 3, "logical_date": null}',
                     b'{"logical_date": "soon"}', b'{"dag_run_id": {"a": 1}}'):
            self.assert_problem(self.post(body), (400, 422))

    def test_deep_nesting(self):
        for depth in (100, 100_000):
            body = b'{"logical_date":null,"conf":{"a":' + b"[" * depth + b"]" * depth + b"}}"
            self.assert_problem(self.post(body), (400, 422))

    def test_bodies_over_the_limit(self):
        body = b'{"conf":{"a":"' + b"x" * (11 << 20) + b'"}}'
        try:
            self.assertEqual(self.post(body)[0], 413)
        except OSError:
            pass  # closed while we were still sending: as good
        said = self.send_raw(b"POST /auth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999"
                             b"\r\n\r\n")
        self.assertIn(b"413", said.splitlines()[0])

    def test_nonsense_instead_of_http(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\x00" * 1000 + b"\r\n\r\n"):
            said = self.send_raw(data + b"\r\n\r\n")
            self.assertTrue(said == b"" or b" 400 " in said.splitlines()[0], said[:200])

    def test_long_targets_and_headers(self):
        said = self.send_raw(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertRegex(said.splitlines()[0], rb" (414|431|400) ")
        said = self.send_raw(b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 20000 + b"\r\n\r\n")
        self.assertRegex(said.splitlines()[0], rb" (431|400) ")

    def test_paths_do_not_leave_their_place(self):
        for path in ("/api/v2/dags/..%2f..%2fetc", "/../../etc/passwd", "/api/v2/dags/%00"):
            status, _, content = self.server.request("GET", path)
            self.assertIn(status, (400, 404), content)

    def test_slow_clients_do_not_hold_others(self):
        address = urlsplit(self.server.url)
        slow = []
        try:
            for _ in range(100):
                link = socket.create_connection((address.hostname, address.port), 30)
                link.sendall(b"POST /api/v2/dags/small/dagRuns HTTP/1.1\r\nHost: a\r\nContent-Le")
                slow.append(link)
            self.assertEqual(self.server.run("small", "beside_slow"), "success")
        finally:
            for link in slow:
                link.close()

    def test_clients_that_do_not_read_do_not_hold_others(self):
        address = urlsplit(self.server.url)
        deaf = []
        try:
            for _ in range(50):
                link = socket.create_connection((address.hostname, address.port), 30)
                link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                link.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
                deaf.append(link)
            self.assertEqual(self.server.run("small", "beside_deaf"), "success")
            status = Path(f"/proc/{self.server.pid}/status").read_text()
            held = int(status.split("VmRSS:")[1].split()[0])
            self.assertLess(held, 300 * 1024, "kB: answers wait for their reader, not in memory")
        finally:
            for link in deaf:
                link.close()

    def test_many_requests_at_once(self):
        statuses = []

        def ask():
            statuses.append(self.server.request("GET", "/api/v2/dags")[0])
        threads = [threading.Thread(target=ask) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 50)

    def test_without_and_with_wrong_credentials(self):
        self.assertEqual(self.server.request("GET", "/api/v2/dags", token=False)[0], 401)
        for value in ("Bearer x", "Bearer ", "Basic YTpi", "Bearer " + "a" * 3000):
            status = self.server.request("GET", "/api/v2/dags", token=False,
                                         headers={"Authorization": value})[0]
            self.assertIn(status, (401, 403), value)  # 403 as Airflow
        until("it still answers", lambda: self.server.get("/api/v2/dags"))


if __name__ == "__main__":
    unittest.main()

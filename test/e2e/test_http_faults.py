# SPDX-License-Identifier: Apache-2.0
"""Hostile clients against the real server: they are refused, others are served, memory stays."""
import contextlib
import resource
import socket
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from harness import Server, until

IDLE_CONNECTIONS = 1000
GROWTH_MB_MAX = 32


def pss_mb(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


class HttpFaults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.address = urlsplit(cls.server.url)
        cls.token = (cls.server.home / "cli.token").read_text().strip()

    def connection(self):
        made = socket.create_connection((self.address.hostname, self.address.port), timeout=60)
        self.addCleanup(made.close)
        return made

    def exchange(self, data):
        """All that the server says until it closes."""
        made = self.connection()
        text = b""
        with contextlib.suppress(ConnectionError):
            made.sendall(data)
        with contextlib.suppress(ConnectionError):
            while part := made.recv(65536):
                text += part
        return text

    def ask(self, line, headers=(), body=b""):
        """(status, whole answer) of a request with the owner's token."""
        head = [line, "Host: " + self.address.netloc, "Authorization: Bearer " + self.token,
                "Connection: close", *headers]
        answer = self.exchange("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
        return int(answer[9:12] or 0), answer

    def others_are_served(self):
        self.assertEqual(self.server.request("GET", "/api/v2/dags")[0], 200)

    def test_a_thousand_idle_connections(self):
        self.others_are_served()
        before = pss_mb(self.server.pid)
        idle = [self.connection() for _ in range(IDLE_CONNECTIONS)]
        for number, made in enumerate(idle):
            if number % 2:
                made.sendall(b"GET /api/v2/dags HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        self.others_are_served()
        self.assertLess(pss_mb(self.server.pid) - before, GROWTH_MB_MAX)
        page = self.server.leoflow("dags", "list")
        self.assertEqual(page.returncode, 0, page.stderr)
        for made in idle:
            made.close()

    def test_more_connections_than_there_may_be(self):
        many = [self.connection() for _ in range(1200)]
        refused = self.connection()
        with contextlib.suppress(ConnectionError):
            self.assertIn(b" 503 ", refused.recv(4096))
        for made in many:
            made.close()
        until("room again", lambda: self.ask("GET /api/v2/version HTTP/1.1")[0] == 200)

    def test_half_sent_requests_of_clients_that_go(self):
        for data in (b"", b"G", b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 100\r\n\r\nabc"):
            made = self.connection()
            made.sendall(data)
            made.shutdown(socket.SHUT_WR)
            self.assertEqual(made.recv(100), b"")
        self.others_are_served()

    def test_chunked_body_of_nothing_byte_by_byte(self):
        made = self.connection()
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.sendall(b"POST /api/v2/pools HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n")
        for byte in b"0\r\n\r\n":
            made.sendall(bytes([byte]))
            self.others_are_served()    # and this byte is read by then
        self.assertIn(b" 401 ", made.recv(100))

    def test_what_is_too_long(self):
        long = "x" * 20_000
        self.assertEqual(self.ask(f"GET /{long[:9000]} HTTP/1.1")[0], 414)
        self.assertEqual(self.ask("GET / HTTP/1.1", ["X-Long: " + long])[0], 431)
        self.assertEqual(self.ask("POST /api/v2/pools HTTP/1.1",
                                  ["Content-Length: 10485761"], b"{")[0], 413)
        self.assertEqual(self.ask("POST /api/v2/pools HTTP/1.1",
                                  ["Content-Length: 1000000000000"], b"{")[0], 413)
        deep = b"[" * 100_000
        self.assertIn(self.ask("POST /api/v2/pools HTTP/1.1", [
            "Content-Type: application/json", f"Content-Length: {len(deep)}"], deep)[0],
            (400, 422))

    def test_paths_that_mean_something_else(self):
        for path in ("/api/v2/../v2/dags", "/api/v2/%2e%2e/v2/dags", "/api/v2/dags/..%2f..",
                     "/api/v2//dags", "/api/v2/dags/%00", "/api/v2/dags/a%00b", "/%c0%ae%c0%ae/",
                     "/api/v2/dags/%c0%af", "/api/v2/dags/a%5c..%5cb", "/api/v2/dags/%ff",
                     "/assets/..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/index.html",
                     "http://elsewhere/api/v2/dags", "//elsewhere/api/v2/dags"):
            status, answer = self.ask(f"GET {path} HTTP/1.1")
            self.assertEqual(status, 400, (path, answer[:300]))
            self.assertNotIn(b"root:", answer)
        self.assertEqual(self.ask("GET /api/v2/dags/no%2Fslash HTTP/1.1")[0], 400)

    def test_smuggled_requests_do_not_get_through(self):
        smuggled = b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\n\r\n"
        for headers in (["Content-Length: 0", f"Content-Length: {len(smuggled)}"],
                        ["Content-Length: 4", "Transfer-Encoding: chunked"],
                        ["Transfer-Encoding: chunked", "Content-Length: 4"],
                        ["Transfer-Encoding : chunked"],
                        ["Transfer-Encoding: chunked, identity"],
                        ["Content-Length: 0\r\n Content-Length: 4"]):
            answer = self.ask("POST /api/v2/pools HTTP/1.1", headers, b"0\r\n\r\n" + smuggled)[1]
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1, (headers, answer))
            self.assertEqual(answer[9:12], b"400", headers)

    def test_methods(self):
        status, answer = self.ask("HEAD /api/v2/dags HTTP/1.1")
        self.assertEqual(status, 200)
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertEqual(body, b"")
        self.assertRegex(head, rb"Content-Length: [1-9]")
        status, answer = self.ask("OPTIONS /api/v2/dags HTTP/1.1")
        self.assertEqual(status, 204)
        self.assertIn(b"Allow: ", answer)
        self.assertNotIn(b"Access-Control", answer)
        for method in ("TRACE", "CONNECT", "PROPFIND", "BREW"):
            self.assertIn(self.ask(f"{method} /api/v2/dags HTTP/1.1")[0], (400, 405), method)
        self.assertEqual(self.ask("DELETE /api/v2/dags HTTP/1.1")[0], 405)

    def test_a_page_of_another_name_that_points_here_reads_nothing(self):
        """A name that an attacker points at this machine is an origin without our cookie."""
        head = ("GET /api/v2/dags HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n"
                "Sec-Fetch-Site: same-origin\r\nConnection: close\r\n\r\n")
        self.assertIn(b" 401 ", self.exchange(head.encode())[:20])

    def test_a_stream_whose_client_reads_nothing_does_not_grow(self):
        made = self.connection()
        made.sendall(("GET /api/leoflow/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                      + self.token + "\r\n\r\n" + "x" * 200_000).encode())
        with contextlib.suppress(ConnectionError):
            until("the end of a client that sends without an end",
                  lambda: made.recv(65536) == b"")
        self.others_are_served()


if __name__ == "__main__":
    unittest.main()

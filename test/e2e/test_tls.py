# SPDX-License-Identifier: Apache-2.0
"""https in the server itself, the command line over it, and proxies that are believed."""
import json
import shutil
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from harness import LEOFLOW, Server, clean_environment, leoflow, until
from support.certificates import Authority, openssl

DAG = '''
from airflow.sdk import dag, task

@dag(schedule=None)
def hello():
    @task
    def greet():
        print("hello over tls")
    greet()

hello()
'''


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="lf-e2e-tls-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.authority = Authority(cls.folder)
        cls.certificate, cls.key = cls.folder / "cert.pem", cls.folder / "key.pem"
        cls.authority.certify("IP:127.0.0.1", cls.certificate, cls.key)
        cls.server = Server({"hello.py": DAG}, start=False, arguments=[
            "--tls-cert", str(cls.certificate), "--tls-key", str(cls.key)])
        cls.addClassCleanup(cls.server.close)
        cls.server.ca = str(cls.authority.certificate)
        cls.server.start()
        cls.server.dag("hello")
        cls.port = urlsplit(cls.server.url).port

    def remote(self, url, *more, **env):
        """The command line as on another machine: no home to take an address from."""
        token = (self.server.home / "cli.token").read_text().strip()
        return leoflow("dags", "list", "--server", url, "--token", token, "--home",
                       str(self.folder / "nothing"), *more, env=env)

    def serial(self):
        """The number of the certificate that is shown now."""
        pem = ssl.get_server_certificate(("127.0.0.1", self.port))
        shown = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=pem, text=True,
                               check=True, capture_output=True).stdout
        return int(shown.strip().partition("=")[2], 16)

    def test_the_address_is_https_and_says_so(self):
        info = json.loads((self.server.home / "server.json").read_text())
        self.assertTrue(info["url"].startswith("https://127.0.0.1:"))
        self.assertEqual(info["certificate"], str(self.certificate))
        status, headers, _ = self.server.request("GET", "/api/v2/dags")
        self.assertEqual(status, 200)
        self.assertIn("max-age=", headers["Strict-Transport-Security"])

    def test_cookies_are_for_https_only(self):
        status, headers, _ = self.server.request(
            "POST", "/auth/login", {"username": "admin", "password": "admin"}, token=False)
        self.assertEqual(status, 200)
        self.assertIn("; Secure", headers["Set-Cookie"])
        cookie = headers["Set-Cookie"].split(";")[0]
        write = {"Cookie": cookie, "X-Leoflow-Request": "1"}
        for origin, expected in ((self.server.url, 204),
                                 (self.server.url.replace("https", "http"), 403)):
            status, _, _ = self.server.request("POST", "/auth/logout", token=False,
                                               headers={**write, "Origin": origin})
            self.assertEqual(status, expected, origin)

    def test_the_command_line_of_the_home_needs_nothing_else(self):
        self.assertEqual(self.server.leoflow("dags", "list").returncode, 0)
        done = self.server.leoflow("runs", "trigger", "hello", "--follow")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("hello over tls", done.stdout)

    def test_the_command_line_elsewhere_trusts_whom_it_is_told_to(self):
        url = f"https://127.0.0.1:{self.port}"
        refused = self.remote(url)
        self.assertEqual(refused.returncode, 3, refused.stderr)
        self.assertIn("is not trusted", refused.stderr)
        self.assertIn("hint: --ca FILE", refused.stderr)
        authority = str(self.authority.certificate)
        self.assertEqual(self.remote(url, "--ca", authority).returncode, 0)
        self.assertEqual(self.remote(url, LEOFLOW_CA=authority).returncode, 0)
        other = self.remote(f"https://localhost:{self.port}", "--ca", authority)
        self.assertEqual(other.returncode, 3, other.stderr)
        self.assertIn("is not for localhost", other.stderr)
        broken = self.remote(url, "--ca", str(self.folder / "missing.pem"))
        self.assertEqual(broken.returncode, 2, broken.stderr)

    def test_plain_http_is_told_the_way(self):
        done = self.remote(f"http://127.0.0.1:{self.port}")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("this address speaks https", done.stderr)

    def test_https_to_a_plain_server_is_told_the_way(self):
        plain = Server()
        self.addCleanup(plain.close)
        done = self.remote(plain.url.replace("http:", "https:"))
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("does not speak https", done.stderr)

    def test_a_renewed_certificate_needs_no_restart(self):
        before = self.serial()
        now = self.authority.certify("IP:127.0.0.1", self.certificate, self.key)
        self.assertNotEqual(before, now)
        until("the new certificate", lambda: self.serial() == now)
        self.assertEqual(self.server.leoflow("dags", "list").returncode, 0)

    def start_fails(self, *arguments):
        done = subprocess.run([str(LEOFLOW), "lite", str(self.server.workspace), "--home",
                               str(self.folder / "other"), "--port", "0", *map(str, arguments)],
                              env=clean_environment(), text=True, capture_output=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("hint: ", done.stderr)
        return done.stderr

    def test_files_that_do_not_fit_are_told_at_the_start(self):
        folder = self.folder
        self.assertIn("belong together", self.start_fails("--tls-cert", self.certificate))
        self.assertIn("cannot be read", self.start_fails(
            "--tls-cert", folder / "missing", "--tls-key", self.key))
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                folder / "stranger.key")
        self.assertIn("does not belong", self.start_fails(
            "--tls-cert", self.certificate, "--tls-key", folder / "stranger.key"))
        self.assertIn("is no network", self.start_fails("--trusted-proxy", "proxy.example"))


class Proxy(unittest.TestCase):
    """What a proxy says of its client, to a server that believes it and to one that does not."""

    FORWARDED = {"X-Forwarded-For": "6.6.6.6, 198.51.100.7", "X-Forwarded-Proto": "https",
                 "X-Forwarded-Host": "flow.example"}

    def login(self, *arguments):
        """(Set-Cookie, address in the audit log, status from the page's origin) of a login."""
        server = Server(arguments=arguments)
        self.addCleanup(server.close)
        who = {"username": "admin", "password": "admin"}
        status, headers, _ = server.request("POST", "/auth/login", who, token=False,
                                            headers=self.FORWARDED)
        self.assertEqual(status, 200)
        row = server.get("/api/v2/eventLogs?event=login")["event_logs"][0]
        status, _, _ = server.request("POST", "/auth/login", who, token=False, headers={
            **self.FORWARDED, "Origin": "https://flow.example"})
        return headers["Set-Cookie"], row["address"], status

    def test_a_trusted_proxy_is_believed(self):
        cookie, address, status = self.login("--trusted-proxy", "10.0.0.0/8", "--trusted-proxy",
                                             "127.0.0.1")
        self.assertIn("; Secure", cookie)
        self.assertEqual((address, status), ("198.51.100.7", 200))

    def test_anybody_else_is_not(self):
        cookie, address, status = self.login("--trusted-proxy", "10.0.0.0/8")
        self.assertNotIn("Secure", cookie)
        self.assertEqual((address, status), ("127.0.0.1", 403))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""A few requests to a Kubernetes API server, with what a kubeconfig says; for tests and figures."""
import base64
import http.client
import json
import ssl
import tempfile
import threading
from urllib.parse import urlencode, urlsplit

REQUEST_SECONDS_MAX = 60
MERGE_PATCH = "application/merge-patch+json"
NOT_FOUND = 404
# How a kept connection fails when the server has closed it meanwhile.
CLOSED = (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, http.client.RemoteDisconnected)


class ApiError(Exception):
    """The API server refused; status and reason are its own."""

    def __init__(self, what, status, answer):
        super().__init__(f"{what}: {status} {answer.get('reason')}: {answer.get('message')}")
        self.status, self.reason = status, answer.get("reason")


class Api:
    """One API server. Any thread may call it: each has a connection of its own."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            document = json.load(file)
        cluster, login = document["clusters"][0]["cluster"], document["users"][0]["user"]
        where = urlsplit(cluster["server"])
        self.address = (where.hostname, where.port or 443)
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile() as file:   # Python reads certificates from files only
            for part in ("client-certificate-data", "client-key-data"):
                file.write(base64.b64decode(login[part]))
            file.flush()
            self.tls.load_cert_chain(file.name)
        self.local = threading.local()

    def connect(self, seconds=REQUEST_SECONDS_MAX):
        return http.client.HTTPSConnection(*self.address, context=self.tls, timeout=seconds)

    def close(self):
        """Of the calling thread's connection."""
        if hasattr(self.local, "connection"):
            self.local.connection.close()

    def request(self, method, path, body=None, kind="application/json"):
        """The answer as a value; throws ApiError, OSError."""
        fresh = not hasattr(self.local, "connection")
        if fresh:
            self.local.connection = self.connect()
        try:
            return self._exchange(method, path, body, kind)
        except CLOSED:
            self.close()   # the next request opens it again
            if fresh:
                raise
            return self._exchange(method, path, body, kind)   # it was kept for too long
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def _exchange(self, method, path, body, kind):
        text = None if body is None else json.dumps(body)
        self.local.connection.request(method, path, text, {"Content-Type": kind})
        answer = self.local.connection.getresponse()
        data = answer.read()
        try:
            value = json.loads(data)
        except ValueError:
            value = {"message": data.decode(errors="replace")}
        if answer.status >= 300:
            raise ApiError(f"{method} {path}", answer.status, value)
        return value

    def get(self, path):
        return self.request("GET", path)

    def create(self, path, body):
        return self.request("POST", path, body)

    def delete(self, path, **options):
        """What is deleted already counts as deleted."""
        try:
            return self.request("DELETE", path, options or None)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            return None

    def patch(self, path, body):
        return self.request("PATCH", path, body, MERGE_PATCH)

    def find(self, path):
        """As get(), None when there is no such thing."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            return None

    def watch(self, path, version, seconds=None, **options):
        """Yields events of a list from a resourceVersion on, until the server ends it."""
        query = urlencode({"watch": "1", "resourceVersion": version, **options})
        connection = self.connect(seconds)
        try:
            connection.request("GET", f"{path}?{query}")
            for line in connection.getresponse():
                yield json.loads(line)
        finally:
            connection.close()

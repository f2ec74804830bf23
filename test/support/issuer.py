# SPDX-License-Identifier: Apache-2.0
"""A small OpenID Connect issuer for tests: discovery, authorization code with PKCE, RS256 and ES256
by openssl. It signs in whoever the test names, without asking, and misbehaves as the test wishes.

    with Issuer(folder) as issuer:
        issuer.claims = {"sub": "1", "preferred_username": "ann", "groups": ["etl"]}
        issuer.wrong = {"nonce": "another"}    # what tokens say instead of the truth
"""
import base64
import hashlib
import http.server
import json
import secrets
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

CLIENT_ID = "leoflow"
CLIENT_SECRET = "top: secret/1"
TOKEN_SECONDS = 300


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, check=True, capture_output=True).stdout


def raw_signature(der):
    """r and s side by side of a DER signature by P-256."""
    at, numbers = 2, []
    for _ in range(2):
        size = der[at + 1]
        numbers.append(der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0"))
        at += 2 + size
    return b"".join(numbers)


class Key:
    """A key pair of the issuer."""

    def __init__(self, folder, key_id, algorithm):
        self.key_id, self.algorithm = key_id, algorithm
        self.path = str(Path(folder) / f"{key_id}.pem")
        if algorithm == "RS256":
            openssl("genrsa", "-out", self.path, "2048")
        else:
            openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.path)

    def jwk(self):
        shown = {"kid": self.key_id, "use": "sig", "alg": self.algorithm}
        if self.algorithm == "RS256":
            modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode()
            number = bytes.fromhex(modulus.strip().partition("=")[2])
            return {**shown, "kty": "RSA", "n": b64(number), "e": "AQAB"}
        point = openssl("ec", "-in", self.path, "-pubout", "-outform", "DER")[-64:]
        return {**shown, "kty": "EC", "crv": "P-256", "x": b64(point[:32]), "y": b64(point[32:])}

    def sign(self, payload, header=None):
        head = {"alg": self.algorithm, "kid": self.key_id, **(header or {})}
        text = ".".join(b64(json.dumps(part).encode()) for part in (head, payload))
        signature = openssl("dgst", "-sha256", "-sign", self.path, data=text.encode())
        if self.algorithm == "ES256":
            signature = raw_signature(signature)
        return f"{text}.{b64(signature)}"


class Issuer:
    def __init__(self, folder, algorithm="RS256"):
        self.folder = tempfile.mkdtemp(prefix="issuer-", dir=folder)
        self.key = Key(self.folder, "key-1", algorithm)
        self.published = [self.key]
        self.claims = {"sub": "1", "preferred_username": "ann", "groups": []}
        self.wrong, self.header = {}, {}
        self.refuse = None       # an error instead of a code
        self.broken_token = None  # changes the signed text
        self.codes = {}
        self.asked = []          # paths
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/realm"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def rotate(self, algorithm="RS256", published=True):
        """Signs with a new key from now on."""
        self.key = Key(self.folder, f"key-{secrets.token_hex(4)}", algorithm)
        if published:
            self.published.append(self.key)

    # -- endpoints
    def discovery(self):
        return {"issuer": self.url, "authorization_endpoint": self.url + "/authorize",
                "token_endpoint": self.url + "/token", "jwks_uri": self.url + "/keys",
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "code_challenge_methods_supported": ["S256"]}

    def authorize(self, query):
        """Where the browser is sent back to."""
        assert query["response_type"] == "code" and query["code_challenge_method"] == "S256", query
        assert "openid" in query["scope"].split() and query["client_id"] == CLIENT_ID, query
        if self.refuse:
            answer = {"error": self.refuse, "error_description": "<b>no</b>"}
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = query
            answer = {"code": code, "session_state": "s", "iss": self.url}
        return query["redirect_uri"] + "?" + urlencode({**answer, "state": query["state"]})

    def token(self, form, authorization):
        asked = self.codes.pop(form["code"], None)
        expected = f"{quote(CLIENT_ID, safe='')}:{quote(CLIENT_SECRET, safe='')}"
        if authorization != "Basic " + base64.b64encode(expected.encode()).decode():
            return 401, {"error": "invalid_client"}
        challenge = b64(hashlib.sha256(form["code_verifier"].encode()).digest())
        if (not asked or challenge != asked["code_challenge"]
                or form["redirect_uri"] != asked["redirect_uri"]
                or form["grant_type"] != "authorization_code"):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + TOKEN_SECONDS,
                  "nonce": asked["nonce"], **self.claims, **self.wrong}
        text = self.key.sign({k: v for k, v in claims.items() if v is not None}, self.header)
        if self.broken_token:
            text = self.broken_token(text)
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": text}

    def _handler(self):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                url = urlsplit(self.path)
                issuer.asked.append(url.path)
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                if url.path == "/realm/.well-known/openid-configuration":
                    self.answer(200, issuer.discovery())
                elif url.path == "/realm/keys":
                    self.answer(200, {"keys": [key.jwk() for key in issuer.published]})
                elif url.path == "/realm/authorize":
                    self.send_response(302)
                    self.send_header("Location", issuer.authorize(query))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                else:
                    self.answer(404, {"error": "not_found"})

            def do_POST(self):
                issuer.asked.append(self.path)
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                pairs = (pair.partition("=") for pair in text.split("&"))
                form = {name: unquote(value) for name, _, value in pairs}
                self.answer(*issuer.token(form, self.headers.get("Authorization")))

        return Handler

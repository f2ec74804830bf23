# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests, made by openssl: an authority, and server certificates that it signs."""
import subprocess
from pathlib import Path


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.certificate, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "30", "-subj", "/CN=Test Authority",
                "-keyout", self.key, "-out", self.certificate)
        self.made = 0

    def certify(self, names, certificate, key):
        """Puts a new certificate for names ("DNS:a,IP:127.0.0.1") and its key where they belong."""
        self.made += 1
        request, extra = self.folder / "request.pem", self.folder / "extra.cnf"
        new_certificate, new_key = self.folder / "new.pem", self.folder / "new.key"
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", f"/CN=server {self.made}", "-keyout", new_key, "-out", request)
        extra.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-set_serial", self.made, "-days", "20", "-extfile", extra,
                "-out", new_certificate)
        new_certificate.replace(certificate)
        new_key.replace(key)
        return self.made

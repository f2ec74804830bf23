# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL that is made for one benchmark: on a free port, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile

PROGRAMS = "/usr/lib/postgresql/15/bin"


def free_port(address):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Postgres:
    """Use in `with`. PostgreSQL refuses to run as root: then it runs as the user postgres."""

    def __init__(self, address="127.0.0.1", clients=None):
        """`clients`: a network that is let in besides this host."""
        self.address, self.clients = address, clients
        self.user, self.password = "etl", "etl"
        self.owner = "postgres" if os.getuid() == 0 else None

    def _call(self, *argv, **options):
        return subprocess.run(argv, user=self.owner, check=True, capture_output=True, text=True,
                              cwd="/", **options)

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="leoflow-bench-pg-")
        password = os.path.join(self.folder, "password")
        with open(password, "w", encoding="ascii") as file:
            file.write(self.password)
        if self.owner:
            entry = pwd.getpwnam(self.owner)
            for path in (self.folder, password):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        self.data = os.path.join(self.folder, "data")
        self._call(f"{PROGRAMS}/initdb", "-D", self.data, "-U", self.user, "-A", "scram-sha-256",
                   f"--pwfile={password}", "-E", "UTF8", "--no-sync")
        if self.clients:
            with open(os.path.join(self.data, "pg_hba.conf"), "a", encoding="ascii") as file:
                for network in (f"{self.address}/32", self.clients):
                    file.write(f"host all all {network} scram-sha-256\n")
        self.port = free_port(self.address)
        settings = f"-p {self.port} -c listen_addresses={self.address} -k {self.folder}"
        self._call(f"{PROGRAMS}/pg_ctl", "-D", self.data, "-w", "-o", settings,
                   "-l", os.path.join(self.folder, "log"), "start")
        return self

    def __exit__(self, *_):
        self._call(f"{PROGRAMS}/pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def dsn(self):
        return f"postgresql://{self.user}:{self.password}@{self.address}:{self.port}/postgres"

    def run(self, sql):
        self._call(f"{PROGRAMS}/psql", self.dsn(), "-qc", sql)

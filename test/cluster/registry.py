# SPDX-License-Identifier: Apache-2.0
"""Registries in the cluster's network and the tools that fill them, for tests. Each has a folder of
its own for all it keeps; nothing of this host is read or written."""
import json
import os
import shutil
import subprocess
import tarfile
import urllib.error
import urllib.request

from onenode import images
from onenode.cluster import die_with_parent
from onenode.processes import until
from onenode.settings import NODE_ADDRESS

START_SECONDS_MAX = 60
CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: "{root}"}}}}
http: {{addr: "{address}", secret: "of no use to anybody"}}
"""
LOGIN = 'auth: {{htpasswd: {{realm: flows, path: "{path}"}}}}\n'
BUILDKIT_UNTIL = 23   # docker brings it; later versions want buildx
# dockerd writes in /run and /etc/docker whatever it is told.
DOCKER_START = """set -e
mount -t tmpfs tmpfs /run
mkdir -p /etc/docker
mount -t tmpfs tmpfs /etc/docker
exec dockerd "$@"
"""


class Registry:
    """docker-registry on plain HTTP; with `login`, (user, password), nothing without them."""

    def __init__(self, cluster, folder, port, login=None):
        self.address = f"{NODE_ADDRESS}:{port}"
        self.folder, self.process = folder, None
        folder.mkdir()
        text = CONFIG.format(root=folder / "data", address=self.address)
        if login:
            done = subprocess.run(["htpasswd", "-Bbn", *login], check=True, capture_output=True)
            (folder / "htpasswd").write_bytes(done.stdout)
            text += LOGIN.format(path=folder / "htpasswd")
        (folder / "config.yml").write_text(text)
        cluster.allow_plain_http(self.address)
        self.start()

    def start(self):
        command = ["docker-registry", "serve", str(self.folder / "config.yml")]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder,
                                            preexec_fn=die_with_parent)
        until("the registry answers", self.answers, START_SECONDS_MAX)

    def answers(self):
        try:
            with urllib.request.urlopen(f"http://{self.address}/v2/", timeout=5):
                return True
        except urllib.error.HTTPError as error:
            return error.code == 401
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


class Docker:
    """A daemon with its own data, that may speak plain HTTP to these registries."""

    def __init__(self, folder, addresses):
        folder.mkdir()
        self.host = f"unix://{folder}/socket"
        (folder / "daemon.json").write_text(json.dumps({"insecure-registries": addresses}))
        options = ["--config-file", folder / "daemon.json", "--data-root", folder / "data",
                   "--exec-root", folder / "exec", "--pidfile", folder / "pid", "--host", self.host,
                   "--storage-driver", "overlay2", "--iptables=false", "--ip6tables=false",
                   "--ip-forward=false", "--ip-masq=false"]
        # In namespaces that end with it, so that nothing of it is left.
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh",
                   "-c", DOCKER_START, "dockerd", *map(str, options)]
        with open(folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            preexec_fn=die_with_parent)
        until("docker answers", (folder / "socket").exists, START_SECONDS_MAX)

    def stop(self):
        self.process.kill()
        self.process.wait()


def docker_client():
    """Path of a docker that takes secrets while it builds; None when there is none."""
    for folder in os.get_exec_path():
        path = os.path.join(folder, "docker")
        if not os.access(path, os.X_OK):
            continue
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        major = int("0" + "".join(told.stdout.split("version ")[-1].split(".")[:1]))
        buildx = subprocess.run([path, "buildx", "version"], capture_output=True, check=False)
        if major < BUILDKIT_UNTIL or buildx.returncode == 0:
            return path
    return None


class Tools:
    """Settings of podman, buildah and docker, as variables of whoever calls them."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        (folder / "storage.conf").write_text(f'[storage]\ndriver = "overlay"\n'
                                             f'graphroot = "{folder}/root"\n'
                                             f'runroot = "{folder}/run"\n')
        # No network of their own, no cgroups, no journal.
        (folder / "containers.conf").write_text(
            '[containers]\nnetns = "host"\ncgroups = "disabled"\n'
            '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\nruntime = "runc"\n')
        self.forget_logins()
        self.variables = {"CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
                          "CONTAINERS_CONF": str(folder / "containers.conf"),
                          "REGISTRY_AUTH_FILE": str(folder / "auth.json"),
                          "DOCKER_CONFIG": str(folder / "docker"),
                          "BUILDAH_ISOLATION": "chroot"}

    def forget_logins(self):
        (self.folder / "auth.json").write_text("{}")

    def run(self, *words):
        """A tool; what it prints."""
        done = subprocess.run([*map(str, words)], env={**os.environ, **self.variables},
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def make_base(self, name):
        """The cluster's Python image, with the history that builders want."""
        with tarfile.open(images.cached_python()) as archive:
            archive.extract("layer.tar", self.folder)
        base = self.run("buildah", "from", "scratch").strip()
        self.run("buildah", "add", base, self.folder / "layer.tar", "/")
        self.run("buildah", "config", "--env", images.PATH, base)
        self.run("buildah", "commit", base, name)
        (self.folder / "layer.tar").unlink()

    def push(self, name, to):
        self.run("buildah", "push", "--tls-verify=false", name, f"docker://{to}")


def missing():
    """What of all this is not installed, as the reason of a skipped test."""
    names = [name for name in ("docker-registry", "htpasswd", "buildah")
             if shutil.which(name) is None]
    return f"{', '.join(names)}: not installed (tools/setup --cluster)" if names else ""

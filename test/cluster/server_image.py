# SPDX-License-Identifier: Apache-2.0
"""The image of the control plane as deploy/container makes it, for a cluster without a registry:
the Python image with the two programs, their libraries and the user, as one more layer."""
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from onenode import images
from onenode.settings import ROOT

BUILD = Path(os.environ.get("LEOFLOW_BUILD") or ROOT / "build")
CONTAINERFILE = ROOT / "deploy" / "container" / "Containerfile"
NAME = "localhost/leoflow"
TAG = "test"
PROGRAMS = ("leoflow", "leoflow-agent")
# Of the base image already.
BASE_LIBRARIES = re.compile(r"lib(c|m|gcc_s|stdc\+\+|pthread|dl|rt)\.so")


def libraries(program):
    """What a program needs beyond the base image, as paths of this host."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"=> (/\S+)", listed)
    return [Path(path) for path in found if not BASE_LIBRARIES.match(Path(path).name)]


def instruction(word):
    """What the Containerfile's last instruction of that word says."""
    return re.findall(rf"^{word} (.*)$", CONTAINERFILE.read_text(), re.MULTILINE)[-1]


def load(cluster):
    """Makes the image and gives it to the cluster; its name."""
    with tempfile.TemporaryDirectory(prefix="leoflow-image-") as folder:
        cluster.load_image(make(Path(folder)))
    return f"{NAME}:{TAG}"


def make(folder):
    added = folder / "added"
    binaries = added / "usr" / "local" / "bin"
    binaries.mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy(BUILD / "bin" / name, binaries / name)
    beside = added / "usr" / "local" / "lib"
    beside.mkdir()
    for library in libraries(BUILD / "bin" / "leoflow"):
        shutil.copy(library, beside / library.name)
    with tarfile.open(images.cached_python()) as base:
        base.extract("layer.tar", folder)
    environment = [images.PATH, "LD_LIBRARY_PATH=/usr/local/lib", instruction("ENV")]
    config = {"Env": environment, "User": instruction("USER"),
              "Entrypoint": ["leoflow"], "Cmd": ["server"]}
    archive = folder / "image.tar"
    layers = [folder / "layer.tar", images.pack(added, folder / "added.tar")]
    images.write_archive(layers, archive, (f"{NAME}:{TAG}",), config)
    return archive

# SPDX-License-Identifier: Apache-2.0
"""The two images of the cluster: the pause image of every pod, and a Python image that stands in
for the stock one (there is no registry in the cluster). Made once, cached by their recipe."""
import fcntl
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

from .programs import is_sound, keep, recipe_hash, sha256_of
from .settings import PAUSE_IMAGE, PYTHON_IMAGES, SOURCE, Refused, cache_folder

PAUSE_SOURCE = SOURCE / "images" / "pause.c"
SUITE = "bookworm"
# debootstrap does not follow every dependency of python3.11-venv.
PACKAGES = ("python3,python3.11,python3.11-venv,python3-distutils,python3-lib2to3,ca-certificates,"
            "libstdc++6")
UNUSED = ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man",
          "usr/share/locale")
# As in Docker's image: python3 is found in /usr/local/bin.
INTERPRETERS = ("python", "python3", "python3.11")
PATH = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
ARCHIVE_VERSION = "1"   # of what write_archive() makes
WORK_PREFIX = "image-"
LEFT_SECONDS_MIN = 60   # a younger folder may be about to be locked
DEFAULT_MIRROR = "http://deb.debian.org/debian"


def images(say):
    """Paths of all image archives, from the cache or made now. Throws Refused."""
    return [pause_image(), python_image(say)]


def cached_pause():
    return cache_folder() / f"pause-{recipe_hash([PAUSE_SOURCE], PAUSE_IMAGE, ARCHIVE_VERSION)}.tar"


def cached_python():
    recipe = recipe_hash([], SUITE, PACKAGES, PATH, *PYTHON_IMAGES, *INTERPRETERS, ARCHIVE_VERSION)
    return cache_folder() / f"python-{recipe}.tar"


def pause_image():
    path = cached_pause()
    if is_sound(path):
        return path
    with workplace() as folder:
        root = folder / "root"
        root.mkdir()
        compile_pause(root / "pause")
        keep_image(folder, root, path, (PAUSE_IMAGE,), {"Entrypoint": ["/pause"]})
    return path


def compile_pause(out):
    command = ["gcc", "-Os", "-static", "-s", "-o", str(out), str(PAUSE_SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(f"{PAUSE_SOURCE.name} does not compile: {done.stderr}", "tools/setup")


def python_image(say):
    path = cached_python()
    if is_sound(path):
        return path
    say("making the Python image: a minute, once")
    with workplace() as folder:
        root = folder / "root"
        bootstrap(root)
        for name in UNUSED:
            shutil.rmtree(root / name, ignore_errors=True)
        for name in INTERPRETERS:
            (root / "usr/local/bin" / name).symlink_to("/usr/bin/python3.11")
        config = {"Env": [PATH], "Cmd": ["python3"]}
        keep_image(folder, root, path, PYTHON_IMAGES, config)
    return path


def bootstrap(root):
    # What it mounts goes with its mount namespace, however it ends.
    command = ["unshare", "--mount", "--propagation", "private", "debootstrap",
               "--variant=minbase", f"--include={PACKAGES}", SUITE,
               str(root), mirror()]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        raise Refused(f"debootstrap failed:\n{done.stdout[-2000:]}",
                      "see that the Debian mirror can be reached")


def mirror():
    """The one this host's apt uses."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"],
                            capture_output=True, text=True, check=False).stdout.split()
    return listed[0] if listed else DEFAULT_MIRROR


def workplace():
    cache_folder().mkdir(parents=True, exist_ok=True)
    clear_leftovers()
    folder = tempfile.TemporaryDirectory(dir=cache_folder(), prefix=WORK_PREFIX,
                                         ignore_cleanup_errors=True)
    return WorkFolder(folder)


class WorkFolder:
    """A temporary folder as a Path, for `with`; locked as long as its process lives."""

    def __init__(self, folder):
        self.folder = folder
        self.lock = os.open(folder.name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self.lock, fcntl.LOCK_EX)

    def __enter__(self):
        return Path(self.folder.name)

    def __exit__(self, *_):
        self.folder.cleanup()
        os.close(self.lock)


def clear_leftovers():
    """Removes the folders of builds that were killed, with what was mounted in them."""
    for folder in cache_folder().glob(WORK_PREFIX + "*"):
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - os.fstat(lock).st_mtime < LEFT_SECONDS_MIN:
                continue
            for mounted in reversed(mounts_below(folder)):
                subprocess.run(["umount", "--lazy", mounted], check=True)
            shutil.rmtree(folder)
        except BlockingIOError:
            continue   # somebody builds there
        finally:
            os.close(lock)


def mounts_below(folder):
    """Mount points in the folder, in the order in which they were mounted."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    return [point for point in points if point.startswith(f"{folder.resolve()}/")]


def pack(root, layer):
    """The files of a folder as a layer."""
    subprocess.run(["tar", "--numeric-owner", "--one-file-system",
                    "--sort=name", "-C", str(root), "-cf", str(layer), "."], check=True)
    return layer


def write_archive(layers, made, names, config):
    """An image in the form that `docker save` writes."""
    document = json.dumps({
        "architecture": "amd64", "os": "linux", "config": config,
        "rootfs": {"type": "layers",
                   "diff_ids": ["sha256:" + sha256_of(layer) for layer in layers]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": list(names),
                            "Layers": [layer.name for layer in layers]}]).encode()
    with tarfile.open(made, "w") as archive:
        for name, data in (("config.json", document), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for layer in layers:
            archive.add(layer, layer.name)


def keep_image(folder, root, path, names, config):
    """Of one layer, in the cache."""
    write_archive([pack(root, folder / "layer.tar")], folder / "image.tar", names, config)
    keep(folder / "image.tar", path)

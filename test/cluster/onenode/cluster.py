# SPDX-License-Identifier: Apache-2.0
"""A cluster seen from outside: starts it, asks it, runs programs in its network, ends it."""
import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

from . import ability, cgroups, images, programs
from .api import Api
from .processes import Late, find, kill, until
from .settings import SOURCE, Place, Refused, cache_folder

UP_SECONDS_MAX = 360
ANSWER_SECONDS_MAX = 30
ANSWER_BYTES_MAX = 1 << 16
INIT_MODULE = b"onenode.init"
PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000


def die_with_parent():
    """In a child before exec: it ends when its parent does."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def enter_network(file):
    """Of an open file of /proc/PID/ns/net."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def is_at(folder, path):
    try:
        return os.path.samestat(os.fstat(folder), path.stat())
    except FileNotFoundError:
        return False


def make_parts(say):
    """Binary and image archives; programs that want them at once make them once."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    folder = os.open(cache_folder(), os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        for left in (path for path in cache_folder().iterdir() if path.is_dir()):
            shutil.rmtree(left, ignore_errors=True)   # of a build that was killed
        return programs.KUBERNETES.binary(say), images.images(say)
    finally:
        os.close(folder)


def remove_stale(base):
    """What clusters left whose process 1 was killed."""
    for home in base.glob(Place.PREFIX + "*"):
        with contextlib.suppress(Refused, OSError):   # busy, or not ours
            stale = Cluster(home.name.removeprefix(Place.PREFIX))
            with stale.locked():
                if stale.init() is None:
                    stale.end()


class Cluster:
    """The cluster of one name, whoever started it. For one thread."""

    def __init__(self, name="test"):
        self.place = Place(name)
        self.outer = None   # unshare, when up() was called here

    # -- state
    def init(self):
        """pid of its process 1, whoever started it; None when there is none."""
        return find(lambda words: words[0] != b"unshare" and INIT_MODULE in words
                    and os.fsencode(self.place.home) in words)

    def is_up(self):
        return self.init() is not None and (self.place.home / "ready.json").exists()

    def status(self):
        """State of each component; {} when it is down."""
        return self.ask("status")["components"] if self.is_up() else {}

    def api(self):
        """Requests to its API server, for a program that runs in its network."""
        return Api(self.place.kubeconfig)

    def allow_plain_http(self, address):
        """Lets the node pull from a registry at this HOST:PORT without TLS."""
        folder = self.place.registries / address
        folder.mkdir(exist_ok=True)
        # Without the first line an image that is not there is asked for by TLS at last, without
        # the others at once.
        (folder / "hosts.toml").write_text(f'server = "http://{address}"\n'
                                           f'[host."http://{address}"]\n'
                                           'capabilities = ["pull", "resolve"]\n')

    # -- up and down
    def up(self, say=lambda text: None, tied=False):
        """Returns when a pod can run; tied: it ends with the program that called, however that
        ends. What killed runs left of any cluster is removed. Throws Refused."""
        why_not = ability.reasons(self.place)
        if why_not:
            raise Refused("this host cannot run a cluster: " + "; ".join(why_not))
        remove_stale(self.place.home.parent)
        binary, archives = make_parts(say)
        with self.locked():
            if self.init() is not None:
                raise Refused(f"the cluster {self.place.name} is up",
                              "take it down, or use another name")
            self.forget_outer()
            self.clean()
            programs.link(binary, self.place.programs)
            try:
                self.begin(archives, tied)
                self.wait_until_ready()
            except BaseException:
                self.end()
                raise

    def begin(self, archives, tied):
        cgroups.make(self.place.cgroup)
        self.place.logs.mkdir()
        command = ["unshare", *ability.NAMESPACES, "--kill-child", sys.executable, "-m",
                   INIT_MODULE.decode(), self.place.name, str(self.place.home),
                   *map(str, archives)]
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}
        with open(self.place.logs / "init.log", "wb") as log:
            self.outer = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                start_new_session=True, env=environment,
                preexec_fn=die_with_parent if tied else None)

    def log_end(self, name, characters=2000):
        with contextlib.suppress(OSError):
            return (self.place.logs / f"{name}.log").read_text(errors="replace")[-characters:]
        return ""

    def wait_until_ready(self):
        def look():
            with contextlib.suppress(OSError):
                failure = json.loads((self.place.home / "failed.json").read_text())["error"]
                raise Refused(f"the cluster did not start: {failure}")
            if self.outer.poll() is not None:
                raise Refused(f"the cluster did not start:\n{self.log_end('init')}")
            return (self.place.home / "ready.json").exists()
        try:
            until("the cluster is ready", look, UP_SECONDS_MAX)
        except Late as late:
            raise Refused(f"{late}\n{self.log_end('init')}") from late

    def down(self):
        """Ends everything of this cluster and removes its files; nothing to do is fine."""
        with self.locked():
            self.end()

    def end(self):
        pid = self.init()
        if pid is not None:
            kill(pid)   # the kernel ends all in its PID namespace
        self.forget_outer()
        self.clean()
        self.place.home.rmdir()

    def forget_outer(self):
        """It ends with its child."""
        if self.outer:
            self.outer.wait()
            self.outer = None

    def clean(self):
        """Removes what is left of a cluster that has no process; its folder stays."""
        cgroups.remove(self.place.cgroup)
        for path in self.place.home.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    @contextlib.contextmanager
    def locked(self):
        """One up() or down() of this name at a time. The lock is the cluster's folder, which is
        made here, so that a killed holder lets go and no file is left."""
        folder = self.lock()
        try:
            yield
        finally:
            os.close(folder)

    def lock(self):
        home = self.place.home
        while True:
            home.mkdir(mode=0o755, exist_ok=True)
            folder = os.open(home, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY)
            try:
                if os.fstat(folder).st_uid != os.geteuid():
                    raise Refused(f"{home} belongs to another user", "use another name")
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if is_at(folder, home):   # not one that was removed meanwhile
                    return folder
            except BlockingIOError:
                os.close(folder)
                raise Refused(f"the cluster {self.place.name} is being started or ended",
                              "wait for it, or use another name") from None
            except BaseException:
                os.close(folder)
                raise
            os.close(folder)

    # -- use
    def ask(self, *words):
        """A request to process 1 (see init.py); throws Refused when it is not understood."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_SECONDS_MAX)
            connection.connect(str(self.place.control))
            connection.sendall(" ".join(words).encode())
            answer = json.loads(connection.makefile().readline(ANSWER_BYTES_MAX))
        if "error" in answer:
            raise Refused(answer["error"], "components: " + ", ".join(self.status()))
        return answer

    def command(self, words):
        """The words that run a program in the cluster's network, with its kubeconfig."""
        pid = self.init()
        if pid is None:
            raise Refused(f"the cluster {self.place.name} is not up", "tools/cluster up")
        return ["nsenter", f"--net=/proc/{pid}/ns/net", "--", *map(str, words)]

    @contextlib.contextmanager
    def entered(self):
        """The calling thread, and what it starts, is in the cluster's network meanwhile, with its
        kubeconfig. Requires: a thread that was started before stays outside."""
        before = os.environ.get("KUBECONFIG")
        with open(f"/proc/{self.init()}/ns/net", "rb") as inside, \
                open("/proc/thread-self/ns/net", "rb") as outside:
            enter_network(inside)
            os.environ["KUBECONFIG"] = str(self.place.kubeconfig)
            try:
                yield
            finally:
                enter_network(outside)
                del os.environ["KUBECONFIG"]
                if before is not None:
                    os.environ["KUBECONFIG"] = before

    def environment(self):
        return {**os.environ, "KUBECONFIG": str(self.place.kubeconfig),
                "PATH": f"{self.place.programs}:{os.environ.get('PATH', '')}"}

    def load_image(self, archive):
        """Gives the node an image in the form that `docker save` writes; throws Refused."""
        done = subprocess.run(["ctr", "--address", str(self.place.containerd), "--namespace",
                               "k8s.io", "images", "import", str(archive)], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise Refused(f"the image {archive} cannot be loaded: {done.stderr.strip()}")

    def kubectl(self, *words, **options):
        """Runs kubectl; the finished process."""
        options = {"capture_output": True, "text": True, "check": False, **options}
        command = self.command([self.place.programs / "kubectl", *words])
        return subprocess.run(command, env=self.environment(), **options)

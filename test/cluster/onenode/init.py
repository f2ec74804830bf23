# SPDX-License-Identifier: Apache-2.0
"""Process 1 of a cluster: `python -m onenode.init NAME HOME IMAGE.tar...`, started by cluster.py in
new namespaces.

All programs and pods of the cluster are its descendants in its PID namespace, see its mounts and
its network. When it ends, however it ends, the kernel ends all of them and takes mounts and network
down: nothing of a cluster outlives this process but files.

It starts the programs in order, collects orphans, and obeys one-line requests on control.sock:
`status`, `stop NAME`, `start NAME`, `signal NAME NUMBER`. An answer is one line of JSON.
"""
import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import certificates, node
from .api import Api, ApiError
from .processes import Late, until
from .settings import API_ADDRESS, NODE, NODE_ADDRESS, Place

START_SECONDS_MAX = 300
STOP_SECONDS_MAX = 10
REQUEST_BYTES_MAX = 200
LOOK_SECONDS = 1.0
# What the kubelet wants of the kernel. It sees these values, so that it leaves the host's alone.
KERNEL_SETTINGS = {"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10",
                   "kernel/panic_on_oops": "1", "kernel/keys/root_maxkeys": "1000000",
                   "kernel/keys/root_maxbytes": "25000000"}
COVERED = ("/var/lib", "/var/log")        # programs leave files there
PROVISIONED = Path("/tmp/hostpath_pv")    # fixed in the controller manager
IN_CREATE, IN_ISDIR = 0x100, 0x40000000


def run(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)


class Components:
    """The running programs. Used by one thread, but for start() of different ones."""

    def __init__(self, place):
        self.place = place
        self.running = {}

    def start(self, name):
        with open(self.place.logs / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(
                node.command(self.place, name), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env=self.environment())

    def environment(self):
        return {"PATH": f"{self.place.programs}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}

    def signal(self, name, number):
        self.running[name].send_signal(number)

    def stop(self, name):
        process = self.running[name]
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def states(self):
        """running, or how it ended, of each component that was started."""
        return {name: "running" if process.poll() is None else f"ended {process.returncode}"
                for name, process in self.running.items()}

    def ended(self):
        return [name for name, state in self.states().items() if state != "running"]


def make_mounts(place):
    """What the programs write outside the cluster's folder is caught there, or in memory."""
    run("mount", "--make-rprivate", "/")
    run("mount", "--make-rshared", "/")   # pods share mounts with each other, not with the host
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    for path in COVERED:
        parts = [place.home / "covered" / path.strip("/").replace("/", "-") / part
                 for part in ("upper", "work")]
        for part in parts:
            part.mkdir(parents=True)
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={path},upperdir={parts[0]},workdir={parts[1]}", path)
    place.volumes.mkdir()
    PROVISIONED.mkdir(exist_ok=True)
    run("mount", "--bind", place.volumes, PROVISIONED)
    for name, value in KERNEL_SETTINGS.items():
        pretended = place.home / "kernel" / name.replace("/", "-")
        pretended.parent.mkdir(exist_ok=True)
        pretended.write_text(value + "\n")
        run("mount", "--bind", pretended, f"/proc/sys/{name}")


def make_network():
    run("ip", "link", "set", "lo", "up")
    for address in (API_ADDRESS, NODE_ADDRESS):
        run("ip", "address", "add", f"{address}/32", "dev", "lo")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")


def open_volumes(folder):
    """Gives every new volume to all users, as provisioners of real clusters do for a pod's group;
    the one of the controller manager makes folders for root alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    events = libc.inotify_init1(os.O_CLOEXEC)
    libc.inotify_add_watch(events, os.fsencode(folder), IN_CREATE | IN_ISDIR)
    while os.read(events, 65536):
        for volume in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):   # removed meanwhile
                volume.chmod(0o777)


def import_images(place, archives):
    for archive in archives:
        run("ctr", "--address", place.containerd, "--namespace", "k8s.io", "images", "import",
            archive)


def answers(api, path):
    try:
        return bool(api.get(path))
    except (OSError, ApiError):
        return False


def is_ready(api):
    found = api.find(f"/api/v1/nodes/{NODE}")
    conditions = found["status"].get("conditions", []) if found else []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def bring_up(place, components, archives, tell):
    """Starts everything; returns when a pod can run. Throws Late and errors of what it calls."""
    def wait(what, condition):
        def look():
            dead = components.ended()
            if dead:
                raise Late(f"{dead[0]} ended; see {place.logs / dead[0]}.log")
            return condition()
        until(what, look, START_SECONDS_MAX)
        tell(what)

    node.write_files(place)
    components.start("etcd")
    components.start("containerd")
    certificates.make_all(place)
    tell("certificates")
    components.start("kube-apiserver")
    wait("containerd", place.containerd.exists)
    importer = threading.Thread(target=import_images, args=(place, archives))
    importer.start()
    api = Api(place.kubeconfig)
    wait("API server", lambda: answers(api, "/readyz"))
    components.start("kube-controller-manager")
    components.start("kube-scheduler")
    components.start("kubelet")
    for each in node.STORAGE_CLASSES:
        api.create("/apis/storage.k8s.io/v1/storageclasses", node.storage_class(**each))
    importer.join()
    tell("images")
    wait("default service account",
         lambda: api.find("/api/v1/namespaces/default/serviceaccounts/default"))
    wait("node Ready", lambda: is_ready(api))


class Control:
    """Answers requests on control.sock, one connection after the other."""

    def __init__(self, place, components):
        self.components = components
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(place.control))
        self.socket.listen()

    def serve(self, seconds):
        """Answers those who asked meanwhile, waits for the next ones up to so long."""
        if select.select([self.socket], [], [], seconds)[0]:
            connection = self.socket.accept()[0]
            with connection:
                connection.settimeout(LOOK_SECONDS)
                try:
                    words = connection.recv(REQUEST_BYTES_MAX).decode().split()
                    connection.sendall((json.dumps(self.answer(words)) + "\n").encode())
                except OSError:
                    pass   # who asked is gone

    def answer(self, words):
        try:
            match words:
                case ["status"]:
                    pass
                case ["stop", name]:
                    self.components.stop(name)
                case ["start", name]:
                    if self.components.running[name].poll() is not None:
                        self.components.start(name)
                case ["signal", name, number]:
                    self.components.signal(name, int(number))
                case _:
                    return {"error": f"not understood: {' '.join(words)}"}
        except (KeyError, ValueError):
            return {"error": f"no such component or signal: {' '.join(words)}"}
        return {"components": self.components.states()}


def collect_orphans(components):
    """Process 1 inherits what pods leave behind. Those of Popen are left to it."""
    ours = {process.pid for process in components.running.values()}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in ours and is_zombie_of_ours(entry):
            try:
                os.waitpid(int(entry.name), os.WNOHANG)
            except ChildProcessError:
                pass


def is_zombie_of_ours(entry):
    try:
        stat = (entry / "stat").read_text()
    except OSError:
        return False
    state, parent = stat[stat.rindex(")") + 2:].split()[:2]
    return state == "Z" and parent == str(os.getpid())


def write_whole(path, value):
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value))
    part.replace(path)


def main():
    place, archives = Place(sys.argv[1]), [Path(path) for path in sys.argv[3:]]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    begin = time.monotonic()

    def tell(what):
        print(f"{time.monotonic() - begin:6.2f} s  {what}", flush=True)

    components = Components(place)
    try:
        make_mounts(place)
        make_network()
        socket.sethostname(NODE)
        threading.Thread(target=open_volumes, args=(place.volumes,), daemon=True).start()
        control = Control(place, components)
        bring_up(place, components, archives, tell)
    except (Late, OSError, ApiError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", None) or ""
        write_whole(place.home / "failed.json", {"error": f"{error} {detail}".strip()})
        return 1
    write_whole(place.home / "ready.json", {"seconds": time.monotonic() - begin})
    while True:
        control.serve(LOOK_SECONDS)
        collect_orphans(components)


if __name__ == "__main__":
    sys.exit(main())

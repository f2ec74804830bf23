# SPDX-License-Identifier: Apache-2.0
"""The template interpreter: imports the runtime once, then only forks (docs/task-protocol.md, part
1).

It runs no user code beyond the modules named in `preload`, so every attempt starts from the same
pristine state.
"""

import array
import gc
import importlib
import os
import select
import sys
# As in the modules signal and socket, without their enumerations: these take longer to make than
# all that is used here.
from _signal import SIGCHLD, SIGKILL, set_wakeup_fd
from _signal import signal as set_signal
from _socket import CMSG_SPACE, SCM_RIGHTS, SOL_SOCKET, socket

try:  # of an archive, which this module comes from; else they are found later
    from leoflow.runtime.client import json_text, parse_json
except ImportError:
    from json import dumps as json_text
    from json import loads as parse_json

CHANNEL_FD = 3
FRAME_BYTES_MAX = 64 * 1024 * 1024
READ_BYTES = 65536
FDS_PER_SPAWN = 4
FDS_PER_READ = 64
QUIET_MILLISECONDS = 10  # after which what can wait is done
UNSETTLED_FORKS_MAX = 4  # at once; with more to come, settling pays
MSG_CMSG_CLOEXEC = 0x40000000
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "TZ", "USER", "TMPDIR")
# What nearly every DAG file and operator reaches; importing it here saves each fork from doing so.
WARM = (
    "typing",
    "datetime",
    "time",
    "json",
    "logging",
    "re",
    "subprocess",
    "tempfile",
    "pathlib",
    "random",
    "shutil",
    "leoflow.runtime.task",
    "leoflow.runtime.serde",
    "leoflow.runtime.accessors",
    "airflow.sdk",
    "airflow.sdk.exceptions",
    "airflow.sdk.macros",
    "airflow.sdk.variable",
    "airflow.sdk.connection",
    "airflow.sdk.hook",
    "airflow.sdk._timetables",
    "airflow.sdk._zones",
    "airflow.sdk._mapping",
    "leoflow.runtime.mapping",
    "airflow.providers.standard.decorators.python",
    "airflow.exceptions",
    "airflow.providers.standard.operators.python",
    "airflow.providers.standard.operators.bash",
    "airflow.providers.standard.operators.empty",
)
WARM_NAMES = (
    "DAG",
    "dag",
    "task",
    "task_group",
    "TaskGroup",
    "Param",
    "Variable",
    "Connection",
    "BaseHook",
    "get_current_context",
    "chain",
    "XComArg",
    "BaseOperator",
    "Asset",
    "Label",
    "TriggerRule",
)


class ChannelClosed(Exception):
    """The agent is gone, or says something that is no frame."""


class Channel:
    """Frames and descriptors over the socket to the agent."""

    def __init__(self, fd):
        self._socket = socket(fileno=fd)
        self._socket.setblocking(True)
        self._buffer = b""
        self._text, self._parse = json_text, parse_json
        self.descriptors = []

    def speak_json_with(self, text, parse):
        """Functions that do the same as those of the module json."""
        self._text, self._parse = text, parse

    def close(self):
        self._socket.close()

    def fileno(self):
        return self._socket.fileno()

    def send(self, message):
        body = self._text(message).encode()
        try:
            self._socket.sendall(len(body).to_bytes(4, "big") + body)
        except OSError:
            raise ChannelClosed from None

    def receive(self):
        """Reads once and returns the frames that are complete now. Raises ChannelClosed at the
        end."""
        size = array.array("i").itemsize
        try:
            data, controls, _, _ = self._socket.recvmsg(
                READ_BYTES, CMSG_SPACE(FDS_PER_READ * size), MSG_CMSG_CLOEXEC
            )
        except OSError:
            raise ChannelClosed from None
        for level, kind, payload in controls:
            if level == SOL_SOCKET and kind == SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(payload[: len(payload) - len(payload) % size])
                self.descriptors += received
        if not data:
            raise ChannelClosed
        self._buffer += data
        return list(self._frames())

    def _frames(self):
        while len(self._buffer) >= 4:
            size = int.from_bytes(self._buffer[:4], "big")
            if size > FRAME_BYTES_MAX:
                raise ChannelClosed
            if len(self._buffer) < 4 + size:
                return
            body, self._buffer = self._buffer[4 : 4 + size], self._buffer[4 + size :]
            yield self._parse(body)

    def take_descriptors(self):
        """The four descriptors that came with a spawn."""
        taken, self.descriptors = self.descriptors[:FDS_PER_SPAWN], self.descriptors[FDS_PER_SPAWN:]
        if len(taken) != FDS_PER_SPAWN:
            raise ChannelClosed
        return taken


class Template:
    """Forks attempts on request and tells when they end."""

    def __init__(self, channel):
        self._channel = channel
        self._pid = os.getpid()
        self._attempts = {}
        self._populate = None
        self._settled = False

    def prepare(self, init):
        """Imports what the forks share. Raises whatever an import raises."""
        from leoflow.runtime import forking

        self._forks = forking.Forks()
        with self._forks.handlers_put_off():
            self._import(init.get("preload") or ())
        self._child.prepare()

    def _import(self, preload):
        from leoflow.runtime import child, client, logs, scheduling, spares, usage

        self._channel.speak_json_with(client.json_text, client.parse_json)
        self._child, self._scheduling, self._usage = child, scheduling, usage
        self._spares = spares.Spares(self._forks.fork, self._run_spare)
        warm_up()
        for name in preload:
            importlib.import_module(name)
        logs.prepare()

    def _settle(self):
        """Lays out the heap for the forks, and freezes it. Only speed depends on it, and the first
        attempts need not wait for it."""
        self._settled = True
        try:
            self._lay_out()
        except Exception as error:
            print(f"forks stay slow: {type(error).__name__}: {error}", file=sys.stderr)

    def _lay_out(self):
        from leoflow.runtime import rehearsal, settling

        rehearsal.rehearse(1)
        self._ballast = settling.fill_gaps()
        ours = (Channel, Template, type(self._spares), type(self._forks), self._child)
        settling.pack_code(lambda: rehearsal.rehearse(1), ours)
        rehearsal.rehearse()
        gc.collect()
        self._ballast += settling.fill_gaps()
        gc.freeze()
        gc.disable()

    def serve(self):
        """Answers requests until the agent goes away; then nothing it forked survives."""
        self._wake, self._alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        set_signal(SIGCHLD, lambda number, frame: None)
        set_wakeup_fd(self._alarm, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        try:
            while True:
                self._serve_once(poll)
        except ChannelClosed:
            self._kill_all()

    def _serve_once(self, poll):
        """What only makes later forks cheaper is done when nothing has been asked for a while."""
        idle = self._settled and not self._spares.short
        ready = poll.poll(None if idle else QUIET_MILLISECONDS)
        for fd, _ in ready:
            self._reap() if fd == self._wake else self._take_requests()
        if ready or idle:
            return
        self._add_spare() if self._settled else self._settle()

    def _add_spare(self):
        """What they write is learned before the first; the first attempt need not wait for it."""
        if self._populate is None:
            from leoflow.runtime import hotpages, rehearsal

            ranges = hotpages.learn(self._forks.fork, rehearsal.once)
            self._populate = hotpages.Populating(ranges)
        self._spares.add()

    def _take_requests(self):
        for request in self._channel.receive():
            if request.get("op") == "spawn":
                self._spawn(request)

    def _spawn(self, request):
        descriptors = self._channel.take_descriptors()
        attempt = request["attempt"]
        if not self._settled and len(self._attempts) >= UNSETTLED_FORKS_MAX:
            self._settle()
        try:
            pid = self._spares.take(request, descriptors)
            if pid is None:
                pid = self._forks.fork()
        except OSError as error:
            self._channel.send(
                {"op": "refused", "attempt": attempt, "error": f"fork: {error.strerror}"}
            )
            pid = -1
        if pid == 0:
            self._run_child((request, descriptors))
        for fd in descriptors:
            os.close(fd)
        if pid > 0:
            self._attempts[pid] = attempt
            self._channel.send({"op": "started", "attempt": attempt, "pid": pid})

    def _run_spare(self, receive):
        """The child's side of a fork made ahead of time; never returns."""

        def warm_and_receive():
            if self._populate is not None:
                self._scheduling.go_last()
                self._populate()
                self._scheduling.go_as_usual()
            return receive()

        self._run_child(None, warm_and_receive)

    def _run_child(self, received, receive=None):
        """The child's side of every fork; never returns. Descriptors of attempts that came along
        with this one's go with those of the template."""
        try:
            fds = (CHANNEL_FD, self._wake, self._alarm, *self._channel.descriptors)
            self._child.detach(self._pid, fds)
            self._spares.close()
            if receive is not None:
                received = receive()
                if received is None:
                    os._exit(0)
            self._child.become_task(*received)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(70)

    def _reap(self):
        try:
            while os.read(self._wake, 512):
                pass
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status, counts = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            attempt = self._attempts.pop(pid, None)
            if attempt is None:
                self._spares.forget(pid)
            else:
                frame = {"op": "exited", "attempt": attempt, "pid": pid, "status": status}
                self._channel.send({**frame, **self._usage.told(counts)})

    def _kill_all(self):
        self._spares.close()
        for pid in self._attempts:
            for kill in (os.killpg, os.kill):
                try:
                    kill(pid, SIGKILL)
                except OSError:
                    pass


def warm_up():
    """Imports what many attempts share."""
    for name in WARM:
        _warm(name)
    surface = sys.modules.get("airflow.sdk")
    for name in WARM_NAMES:
        getattr(surface, name, None)


def warm_up_fully():
    """Also runs what attempts run, so that the next time finds it warm."""
    from leoflow.runtime import rehearsal

    warm_up()
    rehearsal.rehearse(2)


def _warm(name):
    """Imports one module ahead of time; with a real Airflow SDK in the environment some of ours do
    not exist."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        if not name.startswith("airflow."):
            raise


def scrub_environment(site_packages):
    """Leaves what a task may inherit; the commands of the environment come first in PATH."""
    for name in list(os.environ):
        if name not in KEPT_ENVIRONMENT:
            del os.environ[name]
    path = os.environ.get("PATH") or os.defpath
    roots = dict.fromkeys(
        [sys.prefix, *(os.path.abspath(os.path.join(one, "../../..")) for one in site_packages)]
    )
    own = [
        os.path.join(root, "bin")
        for root in roots
        if os.path.exists(os.path.join(root, "pyvenv.cfg"))
    ]
    os.environ["PATH"] = os.pathsep.join(own + [path])


def extend_path(site_packages):
    """The environment's packages first: a real Airflow SDK among them is used instead of our
    surface. In a pod ours is one file, out of which this module comes (pack.py)."""
    import site

    for folder in site_packages:
        site.addsitedir(folder)
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def interpreter_for(init, channel):
    """What serves the environment of `init`: the one attempt that comes, or all that come."""
    if not init.get("once"):
        return Template(channel)
    from leoflow.runtime.single import Single

    return Single(channel, warm_up_fully)


def main():
    channel = Channel(CHANNEL_FD)
    try:
        frames = []
        while not frames:
            frames = channel.receive()
        init = frames[0]
        site_packages = init.get("site_packages") or []
        scrub_environment(site_packages)
        extend_path(site_packages)
        interpreter = interpreter_for(init, channel)
        interpreter.prepare(init)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    except ChannelClosed:
        return 1
    except BaseException as error:
        channel.send({"op": "failed", "error": f"{type(error).__name__}: {error}"})
        return 1
    version = ".".join(map(str, sys.version_info[:3]))
    channel.send({"op": "ready", "pid": os.getpid(), "python": version})
    try:
        interpreter.serve()
    except ChannelClosed:
        pass
    return 0


if __name__ == "__main__":
    os._exit(main())

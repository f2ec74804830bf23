# SPDX-License-Identifier: Apache-2.0
"""Children forked ahead of time: an attempt that finds one waiting does not pay for the fork.

A spare is a fork of the pristine template like any other. It holds nothing of any attempt, serves
the first it is given, and ends with it. Losing one loses no attempt: the template forks as if there
had been none.
"""

import marshal

SPARES_MAX = 3
REQUEST_BYTES_MAX = 65536
FDS_MAX = 4


class Spares:
    """The waiting children of a template. `fork` makes one as os.fork() does, `begin(receive)` is
    what it runs; that never returns.

    `receive()` waits for the attempt and gives its request and descriptors, or None when there will
    be none.
    """

    def __init__(self, fork, begin):
        self._fork = fork
        self._begin = begin
        self._waiting = {}
        self._wanted = SPARES_MAX

    @property
    def short(self):
        """Whether add() should be called."""
        return len(self._waiting) < self._wanted

    def add(self):
        """Forks one more. That it cannot is not told here: the next spawn will meet the same
        error."""
        socket = _socket_module()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            pid = self._fork()
        except OSError:
            self._wanted = len(self._waiting)
            ours.close()
            theirs.close()
            return
        if pid == 0:
            ours.close()
            self._begin(lambda: _receive(theirs))
        theirs.close()
        self._waiting[pid] = ours

    def take(self, request, descriptors):
        """Hands an attempt to a spare and returns its pid; None if there is none to take it."""
        self._wanted = SPARES_MAX
        data = marshal.dumps(request) if self._waiting else b""
        while self._waiting and len(data) <= REQUEST_BYTES_MAX:
            pid, ours = self._waiting.popitem()
            with ours:
                try:
                    _socket_module().send_fds(ours, [data], descriptors)
                except OSError:
                    continue  # it has ended, or will now that the socket closes
            return pid
        return None

    def forget(self, pid):
        """A child has ended. One that did so while it waited is replaced only after the next
        take(): where spares cannot live, they must not be forked without end."""
        ours = self._waiting.pop(pid, None)
        if ours is not None:
            ours.close()
            self._wanted = min(self._wanted, len(self._waiting))

    def close(self):
        """Lets go of all that wait, which ends them; also for a child, which must not keep them."""
        for ours in self._waiting.values():
            ours.close()
        self._waiting.clear()


def _socket_module():
    """Imported with the first spare: the first attempt need not wait for it."""
    import socket

    return socket


def _receive(theirs):
    with theirs:
        data, descriptors, _, _ = _socket_module().recv_fds(theirs, REQUEST_BYTES_MAX, FDS_MAX)
    return (marshal.loads(data), descriptors) if data else None

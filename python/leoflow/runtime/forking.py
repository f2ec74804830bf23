# SPDX-License-Identifier: Apache-2.0
"""Forks of the template without what the standard library does after each fork.

threading and logging renew their locks in every child, because another thread may have held them;
that writes to some 80 memory pages. The template has one thread, so its own forks need none of it.
Forks that a task makes get everything as usual.
"""

import contextlib
import os
import sys
from _random import Random
from _thread import _count as other_threads

_seed = Random.seed
NOT_NEEDED = ("threading", "logging")
TELLS_THREAD_ID = sys.version_info >= (3, 13)  # threading renews it in a child


class Forks:
    """Makes the template's own forks, and calls the handlers that these do without for others."""

    def __init__(self):
        self._own = False
        self._before, self._in_parent, self._in_child = [], [], []
        self._generators = []

    @contextlib.contextmanager
    def handlers_put_off(self):
        """Modules of the standard library imported while this is open register with us instead.

        Those imported before have their handlers called around each fork, which only costs time.
        """
        register = self._register = os.register_at_fork
        os.register_at_fork = self._take
        try:
            yield
        finally:
            os.register_at_fork = register
        register(
            before=self._run_before,
            after_in_parent=self._run_in_parent,
            after_in_child=self._run_in_child,
        )
        for generator in self._generators:
            generator.seed()

    def fork(self):
        """os.fork(), for the template's own children."""
        self._own = other_threads() == 0
        try:
            return os.fork()
        finally:
            self._own = False

    def _take(self, *, before=None, after_in_parent=None, after_in_child=None):
        module = sys._getframe(1).f_globals.get("__name__")
        generator = getattr(after_in_child, "__self__", None)
        if module == "random" and isinstance(generator, Random):
            self._generators.append(generator)
        elif module not in NOT_NEEDED:
            given = {"before": before, "after_in_parent": after_in_parent}
            given["after_in_child"] = after_in_child
            self._register(**{when: call for when, call in given.items() if call is not None})
            return
        for calls, call in (
            (self._before, before),
            (self._in_parent, after_in_parent),
            (self._in_child, after_in_child),
        ):
            if call is not None:
                calls.append(call)

    def _run_before(self):
        if not self._own:
            for call in reversed(self._before):
                call()

    def _run_in_parent(self):
        if not self._own:
            for call in self._in_parent:
                call()

    def _run_in_child(self):
        if not self._own:
            for call in self._in_child:
                call()
            return
        for generator in self._generators:
            _seed(generator)  # no two tasks draw the same numbers
        if TELLS_THREAD_ID and "threading" in sys.modules:
            sys.modules["threading"].main_thread()._set_native_id()

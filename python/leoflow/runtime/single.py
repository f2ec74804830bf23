# SPDX-License-Identifier: Apache-2.0
"""The interpreter of a single attempt, in a pod: it forks nothing, it becomes the attempt's process
(docs/task-protocol.md, part 1)."""

import importlib
import os
import select
import sys

from leoflow.runtime import client, logs, taking

NICE_AT_THE_END = 10
QUIET_MILLISECONDS = 500  # without the attempt: what it may need is imported meanwhile


def _leave(status):
    """The outcome is told: whoever passes it on goes before the clearing away of this process."""
    try:
        os.nice(NICE_AT_THE_END)
    finally:
        os._exit(status)


class Single:
    """Waits for the attempt on `channel`. `warm_up()` imports what most of them need."""

    def __init__(self, channel, warm_up):
        self._channel = channel
        self._warm_up = warm_up

    def prepare(self, init):
        """Imports what an attempt cannot do without. Raises whatever an import raises."""
        self._channel.speak_json_with(client.json_text, client.parse_json)
        for name in init.get("preload") or ():
            importlib.import_module(name)
        logs.prepare()

    def serve(self):
        """Runs the attempt when it comes and ends with it. Raises ChannelClosed when the agent goes
        away before."""
        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        if not poll.poll(QUIET_MILLISECONDS):
            self._use_the_time()
        while True:
            for request in self._channel.receive():
                if request.get("op") == "spawn":
                    self._become(request, self._channel.take_descriptors())

    def _use_the_time(self):
        try:
            self._warm_up()
        except Exception as error:
            print(f"the task starts cold: {type(error).__name__}: {error}", file=sys.stderr)

    def _become(self, request, descriptors):
        self._channel.send(
            {"op": "started", "attempt": request["attempt"], "pid": os.getpid()}
        )
        self._channel.close()
        try:
            taking.run(descriptors, taking.join_cgroups(request.get("cgroups") or ()), _leave)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(70)

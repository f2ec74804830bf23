# SPDX-License-Identifier: Apache-2.0
"""An interpreter of one attempt: it becomes the attempt's process, and ends with it."""

import os
import signal
import socket
import unittest
from unittest import mock

import harness

harness.add_site_packages()

from leoflow.runtime import single  # noqa: E402

DAG = """
def traces(context):
    import os, sys
    return {"pid": os.getpid(), "wakes": __import__("signal").set_wakeup_fd(-1),
            "ctypes": "ctypes" in sys.modules}

def die(context):
    import os
    os.kill(os.getpid(), 9)

def held(context):
    x = bytearray(96 << 20)
    return context["ti"].xcom_pull("gate")

d = Dag("d", Op("t", traces), Op("die", die), Op("held", held))
"""


class Becoming(unittest.TestCase):
    def setUp(self):
        self.bundle = harness.Bundle(DAG)
        self.addCleanup(self.bundle.close)
        self.agent = harness.Agent(once=True)
        self.addCleanup(self.agent.close)

    def run_task(self, task, **options):
        return self.agent.run(harness.start_frame(self.bundle.file, task_id=task), **options)

    def test_no_process_is_made(self):
        result = self.run_task("t")
        found = result.xcoms["return_value"]
        self.assertEqual(self.agent.process.pid, found["pid"])
        self.assertEqual((-1, False), (found["wakes"], found["ctypes"]))
        self.assertEqual(0, result.status)

    def test_the_agent_sees_how_it_died(self):
        result = self.run_task("die")
        self.assertIsNone(result.outcome)
        self.assertEqual(signal.SIGKILL, os.WTERMSIG(result.status))

    def test_what_it_took_is_told(self):
        result = self.run_task("held")
        for told in (result.outcome, result.use):
            self.assertGreater(told["memory_peak_bytes"], 96 << 20)
            self.assertGreater(told["cpu_us"], 0)

    def test_a_cgroup_that_cannot_be_joined_is_told_on_stderr(self):
        missing = os.path.join(self.bundle.folder, "no", "cgroup.procs")
        result = self.run_task("t", cgroups=[missing])
        self.assertEqual("succeeded", result.outcome["kind"])
        self.assertIn(missing, result.err)

    def test_the_agent_may_go_away_before_the_attempt_comes(self):
        self.agent.channel.close()
        self.assertEqual(0, self.agent.process.wait(timeout=harness.PATIENCE))


class Gone(Exception):
    pass


class Channel:
    """At its end already, perhaps after something."""

    def __init__(self, test, something):
        self.socket, other = socket.socketpair()
        test.addCleanup(self.socket.close)
        test.addCleanup(other.close)
        other.sendall(something)

    def fileno(self):
        return self.socket.fileno()

    def receive(self):
        raise Gone


class Waiting(unittest.TestCase):
    def warms_up(self, something, milliseconds):
        warm_up = mock.Mock()
        with mock.patch.object(single, "QUIET_MILLISECONDS", milliseconds):
            with self.assertRaises(Gone):
                single.Single(Channel(self, something), warm_up).serve()
        return warm_up.called

    def test_it_uses_the_time_until_the_attempt_comes(self):
        self.assertTrue(self.warms_up(b"", 0))

    def test_it_imports_nothing_it_may_not_need_while_the_attempt_waits(self):
        self.assertFalse(self.warms_up(b"x", harness.PATIENCE * 1000))


if __name__ == "__main__":
    unittest.main()

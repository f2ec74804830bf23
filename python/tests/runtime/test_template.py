# SPDX-License-Identifier: Apache-2.0
"""The template interpreter itself: its start, several children at once, its end."""

import os
import select
import signal
import unittest

import harness

DAG = """
def waits(context):
    context["ti"].xcom_push("here", 1)
    import sys
    return context["ti"].xcom_pull("gate", map_indexes=-1)

def child(context):
    import subprocess, sys
    subprocess.run([sys.executable, "-c", "x = bytearray(96 << 20)"], check=True)

def die(context):
    import os
    os.kill(os.getpid(), 9)

def staged(context):
    import os
    return os.listdir("/staging")

Dag("unused")
d = Dag("d", Op("t", lambda c: 1), Op("waits", waits),
        Op("child", child), Op("die", die), Op("staged", staged))
"""


class TemplateTest(unittest.TestCase):
    def setUp(self):
        self.bundle = harness.Bundle(DAG)
        self.addCleanup(self.bundle.close)

    def start(self, **options):
        agent = harness.Agent(**options)
        self.addCleanup(agent.close)
        return agent

    def begin_waiting(self, agent):
        """An attempt that is inside user code and waits for an answer."""
        control, outputs = agent.spawn()
        for fd in outputs:
            self.addCleanup(os.close, fd)
        self.addCleanup(control.close)
        harness.send_frame(control, harness.start_frame(self.bundle.file, task_id="waits"))
        while harness.read_frame(control)["op"] != "xcom_push":
            pass
        harness.send_frame(control, {})
        self.assertEqual("xcom_pull", harness.read_frame(control)["op"])
        started = harness.read_frame(agent.channel)
        self.assertEqual("started", started["op"])
        return control, started["pid"]


class Starting(TemplateTest):
    def test_ready_names_the_interpreter(self):
        agent = self.start()
        self.assertEqual("ready", agent.ready["op"])
        self.assertEqual(agent.process.pid, agent.ready["pid"])
        self.assertRegex(agent.ready["python"], r"^3\.\d+\.\d+$")

    def test_preload(self):
        self.assertEqual("ready", self.start(preload=["csv"]).ready["op"])
        failed = self.start(preload=["not_a_module_of_this_world"]).ready
        self.assertEqual("failed", failed["op"])
        self.assertIn("not_a_module_of_this_world", failed["error"])


class Children(TemplateTest):
    def test_the_status_of_a_killed_child_is_passed_on(self):
        result = self.start().run(harness.start_frame(self.bundle.file, task_id="die"))
        self.assertEqual(signal.SIGKILL, os.WTERMSIG(result.status))

    def test_one_that_waits_does_not_hold_up_others(self):
        agent = self.start()
        control, pid = self.begin_waiting(agent)
        self.assertEqual(
            {"return_value": 1}, agent.run(harness.start_frame(self.bundle.file)).xcoms
        )
        harness.send_frame(control, {"values": [{"found": True, "value": "open"}]})
        self.assertEqual("open", harness.read_frame(control)["value"])
        harness.send_frame(control, {})
        self.assertEqual("succeeded", harness.read_frame(control)["kind"])
        harness.send_frame(control, {})
        ended = harness.read_frame(agent.channel)
        self.assertEqual((pid, 0), (ended["pid"], ended["status"]))

    def test_spawns_sent_together_all_start(self):
        agent = self.start()
        flights = [agent.spawn() for _ in range(8)]
        for control, _ in flights:
            harness.send_frame(control, harness.start_frame(self.bundle.file))
        for control, outputs in flights:
            kinds = []
            while "outcome" not in kinds:
                kinds.append(harness.read_frame(control)["op"])
                if kinds[-1] != "running":
                    harness.send_frame(control, {})
            control.close()
            for fd in outputs:
                os.close(fd)
        frames = [harness.read_frame(agent.channel) for _ in range(16)]
        self.assertEqual(
            list(range(1, 9)), sorted(f["attempt"] for f in frames if f["op"] == "exited")
        )
        self.assertEqual({0}, {f["status"] for f in frames if f["op"] == "exited"})

    def test_what_the_process_took_is_told(self):
        agent = self.start()
        result = agent.run(harness.start_frame(self.bundle.file))
        for told in (result.outcome, result.use):
            self.assertGreaterEqual(told["cpu_us"], 0)
            self.assertGreater(told["memory_peak_bytes"], 1 << 20)
        child = agent.run(harness.start_frame(self.bundle.file, task_id="child"))
        for told in (child.outcome, child.use):
            self.assertGreater(told["memory_peak_bytes"], 96 << 20)
            self.assertGreater(told["cpu_us"], 0)
        died = agent.run(harness.start_frame(self.bundle.file, task_id="die"))
        self.assertIsNone(died.outcome)
        self.assertGreater(died.use["memory_peak_bytes"], 1 << 20)

    def test_a_cgroup_that_cannot_be_joined_is_told_on_stderr(self):
        missing = os.path.join(self.bundle.folder, "no", "cgroup.procs")
        result = self.start().run(harness.start_frame(self.bundle.file), cgroups=[missing])
        self.assertEqual("succeeded", result.outcome["kind"])
        self.assertIn(missing, result.err)

    def test_cgroups_are_joined_by_writing_to_their_files(self):
        path = self.bundle.write("cgroup.procs", "")
        self.start().run(harness.start_frame(self.bundle.file), cgroups=[path])
        with open(path, encoding="ascii") as file:
            self.assertEqual("0", file.read())

    @unittest.skipUnless(
        os.path.isdir("/staging") and os.geteuid() == 0, "needs /staging and the right to mount"
    )
    def test_staging_is_bound_privately(self):
        self.bundle.write("only-here", "")
        result = self.start().run(
            harness.start_frame(self.bundle.file, task_id="staged"), staging_path=self.bundle.folder
        )
        self.assertIn("only-here", result.xcoms["return_value"])
        self.assertNotIn("only-here", os.listdir("/staging"))


class Ending(TemplateTest):
    def test_when_the_agent_goes_so_do_the_children(self):
        agent = self.start()
        _, pid = self.begin_waiting(agent)
        watch = os.pidfd_open(pid)
        self.addCleanup(os.close, watch)
        agent.channel.close()
        self.assertEqual(0, agent.process.wait(timeout=20))
        self.assertTrue(select.select([watch], [], [], 20)[0])

    def test_when_the_template_is_killed_so_are_the_children(self):
        agent = self.start()
        _, pid = self.begin_waiting(agent)
        watch = os.pidfd_open(pid)
        self.addCleanup(os.close, watch)
        agent.process.kill()
        self.assertTrue(select.select([watch], [], [], 20)[0])


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""A server that meets an agent of another version, or one that belongs to another home."""
import re
import subprocess
import unittest
from pathlib import Path

from harness import BUILD, LEOFLOW, Server, alive, until

AGENT = BUILD / "bin" / "leoflow-agent"
OTHER = "0.0.0"
DAG = '''
import os
import time
from pathlib import Path
from airflow.sdk import dag, task

@dag(schedule=None, params={"folder": ""})
def waits():
    @task
    def until_told(params=None):
        folder = Path(params["folder"])
        (folder / f"started.{os.getpid()}").write_text("x")
        print("before the upgrade")
        while not (folder / "go").exists():
            time.sleep(0.02)
        print("after the upgrade")

    @task
    def then():
        return os.getppid()

    until_told() >> then()

waits()
'''


def version():
    said = subprocess.run([str(LEOFLOW), "version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[1]


def agent_of_another_version(path):
    """The agent program with another version in it: what a neighbouring release would say."""
    ours = version()
    other = OTHER if len(OTHER) == len(ours) else "9" * len(ours)
    content = AGENT.read_bytes()
    path.write_bytes(content.replace(ours.encode(), other.encode()))
    path.chmod(0o755)
    return other


class Upgrade(unittest.TestCase):
    def setUp(self):
        self.server = Server({"waits.py": DAG}, start=False)
        self.addCleanup(self.server.close)
        self.folder = self.server.folder / "effects"
        self.folder.mkdir()

    def started(self):
        return list(self.folder.glob("started.*"))

    def connected(self):
        """Versions of the agents that connected, in order."""
        return re.findall(r"agent connected .*version=(\S+)", self.server.printed())

    def test_an_agent_of_another_version_ends_its_task_and_gives_way(self):
        program = self.server.folder / "older-agent"
        other = agent_of_another_version(program)
        self.server.arguments = ["--agent", str(program)]
        self.server.start()
        self.server.trigger("waits", conf={"folder": str(self.folder)})
        until("the task", self.started)
        self.server.task_is("waits", "until_told", "running")
        old = self.server.agent()
        self.server.kill()
        self.server.arguments = []
        self.server.start()
        until("the old agent's session", lambda: len(self.connected()) >= 2)
        self.assertEqual(set(self.connected()), {other})
        self.assertTrue(alive(old), "it has a task")
        (self.folder / "go").write_text("x")
        self.assertEqual(self.server.finished("waits"), "success")
        until("the end of the old agent", lambda: not alive(old))
        until("an agent of our version", lambda: self.connected()[-1] == version())
        self.assertEqual(len(self.started()), 1)
        self.assertEqual([row["state"] for row in self.server.attempts("waits")],
                         ["settled", "settled"])
        self.assertEqual(self.server.events("waits", "until_told", logger="task.stdout"),
                         ["before the upgrade", "after the upgrade"])
        (self.folder / "go").write_text("x")
        self.assertEqual(self.server.run("waits", "r2", {"folder": str(self.folder)}), "success")

    def test_a_program_that_stays_of_another_version_is_not_restarted_for_ever(self):
        program = self.server.folder / "other-agent"
        other = agent_of_another_version(program)
        self.server.arguments = ["--agent", str(program)]
        self.server.start()
        until("the advice", lambda: "install both programs of one version" in self.server.printed())
        (self.folder / "go").write_text("x")
        self.assertEqual(self.server.run("waits", conf={"folder": str(self.folder)}), "success")
        self.assertEqual(self.connected(), [other, other])

    def test_an_agent_with_another_secret_does_not_keep_the_home(self):
        """As after a home was put back from a copy while its agent lived on."""
        self.server.start()
        (self.folder / "go").write_text("x")
        self.assertEqual(self.server.run("waits", conf={"folder": str(self.folder)}), "success")
        old = self.server.agent()
        self.server.kill()
        Path(self.server.home / "agent" / "secret").write_text("another secret of the same home")
        self.server.start()
        self.assertEqual(self.server.run("waits", "r2", {"folder": str(self.folder)}), "success")
        self.assertFalse(alive(old))
        self.assertIn("turned away", (self.server.home / "agent" / "agent.log").read_text())


if __name__ == "__main__":
    unittest.main()

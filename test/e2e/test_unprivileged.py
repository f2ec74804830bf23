# SPDX-License-Identifier: Apache-2.0
"""Server, agent and tasks as a user without rights: what is weaker is said, the rest holds."""
import json
import os
import subprocess
import unittest
from pathlib import Path

from harness import LEOFLOW, Server, alive, clean_environment, kill, until

USER = 65534
DAG = '''
import os
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from airflow.sdk import dag, task

BASE = dict(schedule=None, params={"folder": ""})

@dag(**BASE)
def plain():
    @task
    def who():
        return os.getuid()

    @task
    def stages(uid):
        path = Path(os.environ["LEOFLOW_STAGING_DIR"]) / "file"
        path.write_text("x")
        return path.stat().st_uid

    @task
    def leaves_a_daemon(params=None):
        child = subprocess.Popen(["setsid", "sleep", "600"])
        (Path(params["folder"]) / "daemon").write_text(str(child.pid))

    stages(who()) >> leaves_a_daemon()

@dag(**BASE)
def hangs():
    @task(execution_timeout=timedelta(seconds=1))
    def forever(params=None):
        child = subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; sleep 600"])
        (Path(params["folder"]) / "hanging").write_text(f"{os.getpid()} {child.pid}")
        time.sleep(600)
    forever()

@dag(**BASE)
def waits():
    @task
    def until_told(params=None):
        folder = Path(params["folder"])
        (folder / f"started.{os.getpid()}").write_text("x")
        while not (folder / "go").exists():
            time.sleep(0.02)
    until_told()

for made in (plain, hangs, waits):
    made()
'''
EATS = '''
from airflow.sdk import dag, task

@dag(schedule=None, params={"folder": ""})
def eats():
    @task
    def hungry():
        data = []
        while True:
            data.append(bytearray(1 << 20))
    hungry()

eats()
'''
STAGING = "staging: {enabled: true, size: 16Mi}\n"
SYS_ADMIN = 1 << 21
EATS_YAML = "tasks: {hungry: {resources: {limits: {memory: 128Mi}}}}\n"


def capabilities(pid):
    """Which sets of capabilities a process has: CapEff, CapBnd, ..."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return [{"capability": line.split(":")[0], "value": int(line.split()[1], 16)}
            for line in lines if line.startswith("Cap")]


def as_user(*words):
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *words]


def reachable(path):
    return all(parent.stat().st_mode & 0o001 for parent in (path, *Path(path).parents))


class WithoutMounts(unittest.TestCase):
    """root in a container that may not mount: /staging cannot be shown, the volume still works."""

    def test_tasks_use_the_volume_where_it_is(self):
        if os.getuid() != 0:
            self.skipTest("only root has a right to lose")
        server = Server({"dags/dag.py": DAG, "dags/leoflow.yaml": STAGING},
                        command=("setpriv", "--bounding-set=-sys_admin"))
        self.addCleanup(server.close)
        effects = server.folder / "effects"
        effects.mkdir()
        self.assertEqual(server.run("plain", conf={"folder": str(effects)}), "success")
        daemon = int((effects / "daemon").read_text())
        until("the end of the daemon", lambda: not alive(daemon))
        kept = [row["capability"] for row in capabilities(server.agent())
                if row["value"] & SYS_ADMIN]
        self.assertEqual(kept, [])


class Unprivileged(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.getuid() != 0:
            raise unittest.SkipTest("only root can become another user; the other tests ran without"
                                    " rights already")
        if not reachable(LEOFLOW):
            raise unittest.SkipTest(f"other users cannot reach {LEOFLOW}")
        files = {"dags/dag.py": DAG, "dags/leoflow.yaml": STAGING,
                 "eats/dag.py": EATS, "eats/leoflow.yaml": EATS_YAML}
        server = Server(files, start=False, command=as_user())
        cls.server = server
        cls.addClassCleanup(server.close)
        cls.own = server.folder / "own"
        cls.effects = cls.own / "effects"
        cls.effects.mkdir(parents=True)
        for folder in (cls.own, cls.effects):
            os.chown(folder, USER, USER)
        server.home = cls.own / "home"
        cls.env = {"HOME": str(cls.own), "LEOFLOW_CACHE": str(cls.own / "cache")}
        server.env = cls.env
        server.start()
        cls.conf = {"folder": str(cls.effects)}

    def pids_in(self, name):
        return [int(pid) for pid in (self.effects / name).read_text().split()]

    def test_tasks_run_and_leave_nothing(self):
        self.assertEqual(self.server.run("plain", conf=self.conf), "success")
        self.assertEqual(self.server.xcom("plain", "who"), USER)
        self.assertEqual(self.server.xcom("plain", "stages"), USER)
        until("the end of the daemon",
              lambda: not any(alive(pid) for pid in self.pids_in("daemon")))

    def test_memory_limit_is_enforced_and_named(self):
        self.assertEqual(self.server.run("eats", conf=self.conf), "failed")
        self.assertIn("memory limit 128Mi exceeded", "\n".join(
            str(event) for event in self.server.events("eats", "hungry")))

    def test_time_limit_ends_children_too(self):
        self.assertEqual(self.server.run("hangs", conf=self.conf), "failed")
        until("the end of task and child",
              lambda: not any(alive(pid) for pid in self.pids_in("hanging")))

    def test_agent_that_is_killed_is_replaced(self):
        def started():
            return {int(path.suffix[1:]) for path in self.effects.glob("started.*")}
        self.server.trigger("waits", conf=self.conf)
        first = until("the task", started)
        kill(self.server.agent())
        until("the next attempt", lambda: started() - first)
        until("the end of the first", lambda: not any(alive(pid) for pid in first))
        (self.effects / "go").write_text("x")
        self.assertEqual(self.server.finished("waits"), "success")
        self.assertEqual(self.server.task("waits", "until_told")["try_number"], 1)

    def test_doctor_says_what_is_weaker(self):
        words = as_user(str(LEOFLOW), "doctor", "--home", str(self.server.home), "-o", "json")
        ran = subprocess.run(words, env=clean_environment(self.env), capture_output=True, text=True,
                             timeout=60, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        checks = {row["name"]: row for row in json.loads(ran.stdout)}
        for name, what in (("cgroups", "memory limits"), ("user", f"uid {USER}"),
                           ("/staging", "LEOFLOW_STAGING_DIR")):
            self.assertEqual(checks[name]["state"], "warning", checks[name])
            self.assertIn(what, checks[name]["message"])
            self.assertTrue(checks[name]["hint"], name)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""A task's view of /staging, its cgroups and its end with its parent, on hosts that allow more or
less."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PYTHON_FOLDER = Path(__file__).resolve().parents[2]
# Binds argv[1] to argv[2] and says whether that worked and what is there now.
BIND = """
import os, sys
sys.path.insert(0, sys.argv[3])
from leoflow.runtime import isolation
bound = isolation.bind_staging(sys.argv[1], sys.argv[2])
print(bound, *sorted(os.listdir(sys.argv[2])), "then", *sorted(os.listdir(sys.argv[1])))
"""
ROOT = os.getuid() == 0


class BindStaging(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="lf-isolation-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        self.volume, self.target = self.folder / "volume", self.folder / "target"
        self.volume.mkdir()
        self.target.mkdir()
        (self.volume / "data").write_text("x")

    def bind(self, *before, target=None):
        words = [*before, sys.executable, "-c", BIND, str(self.volume), str(target or self.target),
                 str(PYTHON_FOLDER)]
        ran = subprocess.run(words, capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout.strip()

    def test_a_process_sees_it_alone(self):
        if not ROOT or shutil.which("setpriv") is None or self.cannot_mount():
            self.skipTest("this host does not let us mount")
        self.assertEqual(self.bind(), "True data then data")
        self.assertEqual(list(self.target.iterdir()), [])

    @staticmethod
    def cannot_mount():
        return subprocess.run(["unshare", "--mount", "true"], capture_output=True,
                              check=False).returncode != 0

    def test_without_the_right_to_mount_the_volume_is_where_it_was(self):
        if not ROOT:
            self.assertEqual(self.bind(), "False then data")
            return
        for without in (("--bounding-set=-sys_admin",),
                        ("--reuid=65534", "--regid=65534", "--clear-groups")):
            self.assertEqual(self.bind("setpriv", *without), "False then data", without)

    def test_a_host_without_the_folder(self):
        (self.folder / "file").write_text("")
        for target in (self.folder / "absent", self.folder / "file"):
            code = BIND.replace("sorted(os.listdir(sys.argv[2]))", "[]")
            ran = subprocess.run([sys.executable, "-c", code, str(self.volume), str(target),
                                  str(PYTHON_FOLDER)], capture_output=True, text=True, check=False)
            self.assertEqual(ran.stdout.strip(), "False then data", ran.stderr)


class InAChild(unittest.TestCase):
    """What the rest does to the process that calls it, seen from outside."""

    def run_code(self, code):
        ran = subprocess.run([sys.executable, "-c", "import os, sys, time\n"
                              f"sys.path.insert(0, {str(PYTHON_FOLDER)!r})\n"
                              "from leoflow.runtime import isolation\n" + code],
                             capture_output=True, text=True, timeout=60, check=False)
        return ran.returncode, ran.stdout.strip()

    def test_cgroups_that_cannot_be_joined_are_told(self):
        status, said = self.run_code(
            "from leoflow.runtime import taking\n"
            "print(taking.join_cgroups(['/proc/none/cgroup.procs', '/dev/null']))")
        self.assertEqual(status, 0)
        self.assertEqual(said, "['/proc/none/cgroup.procs: No such file or directory']")

    def test_it_does_not_outlive_its_parent(self):
        status, said = self.run_code("""
ready, written = os.pipe()
if os.fork() == 0:
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        isolation.die_with_parent(parent)
        os.write(written, str(os.getpid()).encode())
        time.sleep(600)
    os.read(ready, 32)
    print(child, flush=True)
    os._exit(0)
os.wait()
os.close(written)
os.read(ready, 1)  # until the grandchild, who holds the other end, is gone
print("gone")
""")
        self.assertEqual(status, 0)
        self.assertEqual(said.split()[-1], "gone")

    def test_a_parent_that_ended_before_is_noticed(self):
        status, _ = self.run_code("isolation.die_with_parent(1 << 22)")
        self.assertEqual(status, 1)

    def test_a_session_of_its_own(self):
        status, said = self.run_code("""
if os.fork() == 0:
    isolation.lead_session()
    print(os.getsid(0) == os.getpid(), flush=True)
    isolation.leave(0)
os.wait()
""")
        self.assertEqual((status, said), (0, "True"))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""A home on a disk that runs full in the middle of a run: nothing is lost, it goes on when there is
room. Mounts a small tmpfs, so only root can run it."""
import contextlib
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import Server, until

DISK_BYTES = 24 << 20
LINES = 3000
DAG = '''
import time
from pathlib import Path
from airflow.sdk import dag, task

@dag(schedule=None, params={"folder": ""})
def work():
    @task
    def first(params=None):
        folder = Path(params["folder"])
        (folder / "first").touch()
        while not (folder / "full").exists():
            time.sleep(0.01)
        for number in range(LINES):
            print("line", number, "of a log that finds no room")
        return "made while the disk was full"

    @task
    def second(value):
        return value

    second(first())

work()
'''.replace("LINES", str(LINES))


class FullDisk(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small disk")
        self.disk = Path(tempfile.mkdtemp(prefix="lf-e2e-disk-"))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs",
                                  str(self.disk)], capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.disk.rmdir()
            self.skipTest("cannot mount a tmpfs: " + mounted.stderr)
        self.addCleanup(self.unmount)
        self.server = Server({"work.py": DAG}, home=self.disk / "home")
        self.addCleanup(self.server.close)
        self.effects = self.server.folder / "effects"
        self.effects.mkdir()

    def unmount(self):
        subprocess.run(["umount", "-l", str(self.disk)], check=False)
        with contextlib.suppress(OSError):
            self.disk.rmdir()

    def fill(self):
        """Takes all room there is, to the last byte."""
        with open(self.disk / "filler", "wb", buffering=0) as file:
            for size in (1 << 20, 4096, 64, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"f" * size) == size:
                        pass

    def free(self):
        (self.disk / "filler").unlink()

    def trigger(self):
        self.server.trigger("work", conf={"folder": str(self.effects)})
        until("the first task", (self.effects / "first").exists)

    def assert_all_there(self):
        self.assertEqual(self.server.finished("work"), "success")
        self.assertEqual(self.server.xcom("work", "second"), "made while the disk was full")
        self.assertEqual(self.server.task("work", "first")["try_number"], 1)
        self.assertEqual(len(self.server.attempts("work")), 2)

    def test_run_goes_on_when_there_is_room_again(self):
        self.trigger()
        self.fill()
        (self.effects / "full").touch()
        # It is told, and reading still works.
        until("a word about the disk", lambda: "No space left" in self.told()
              or "disk is full" in self.told())
        self.assertEqual(self.server.run_state("work"), "running")
        self.free()
        self.assert_all_there()
        # Lines that found no room are missing and counted; no line is torn.
        texts = self.server.events("work", "first")
        printed = [text for text in texts if text.startswith("line ")]
        if len(printed) < LINES:
            self.assertTrue(any("could not be written" in text for text in texts), texts[-3:])
        self.assertFalse([text for text in texts if text.startswith("{")])

    def told(self):
        agent = self.server.home / "agent" / "agent.log"
        return self.server.printed() + (agent.read_text(errors="replace") if agent.exists() else "")

    def test_requests_are_refused_with_a_reason(self):
        self.server.dag("work")
        self.fill()
        body = {"logical_date": None, "conf": {"pad": "p" * 200_000}}
        status, _, content = self.server.request("POST", "/api/v2/dags/work/dagRuns", body,
                                                 seconds=30)
        self.assertIn(status, (429, 500, 503, 504, 507), content)
        self.assertRegex(content.decode(), r"(?i)disk|space|full|busy|time")
        self.free()
        self.trigger()
        (self.effects / "full").touch()
        self.assert_all_there()

    def start_and_fail(self):
        """What a server says that does not start because there is no room."""
        self.server.output.unlink()
        process = self.server.spawn()
        self.addCleanup(process.kill)
        self.assertEqual(process.wait(60), 8, self.server.printed())
        return self.server.printed()

    def test_start_on_a_full_disk_says_so(self):
        self.assertEqual(self.server.stop(), 0)
        self.fill()
        told = self.start_and_fail()
        self.assertIn(f"the disk is full: the database cannot grow in {self.disk / 'home'}", told)
        self.assertIn("hint: free some space there", told)
        self.free()
        self.server.start()
        self.trigger()
        (self.effects / "full").touch()
        self.assert_all_there()

    def test_first_start_on_a_full_disk_says_so(self):
        self.assertEqual(self.server.stop(), 0)
        self.server.home = self.disk / "other"
        self.fill()
        told = self.start_and_fail()
        self.assertIn(str(self.server.home), told)
        self.assertIn("disk is full", told)
        self.assertIn("hint: ", told)
        self.free()
        self.server.start()
        self.trigger()
        (self.effects / "full").touch()
        self.assert_all_there()


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""first-steps.md, pasted block by block into one shell. The test only chooses the port, and waits
for the server where a reader would look at it."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from places import BUILD, DOCS

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SECONDS_MAX = 120
DONE = "first-steps-block-done"


class Shell:
    """One bash for all blocks; what a block prints, and that each of its commands succeeded."""

    def __init__(self, folder, environment):
        self.process = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        cwd=folder, env=environment, start_new_session=True)

    def paste(self, block):
        lines = "".join(f"{line} || echo '{DONE} failed: line {n}'\n" if line.strip() else ""
                        for n, line in enumerate(block.splitlines(), 1))
        self.process.stdin.write(lines + f"echo {DONE}\n")
        self.process.stdin.flush()
        printed = []
        for line in self.process.stdout:
            if line.strip() == DONE:
                return "".join(printed)
            printed.append(line)
        raise AssertionError("the shell ended: " + "".join(printed))

    def end(self):
        self.process.stdin.close()
        self.process.wait(SECONDS_MAX)
        self.process.stdout.close()


class FirstSteps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="leoflow-steps-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment = {"HOME": folder.name, "PATH": os.environ["PATH"], "NO_COLOR": "1",
                            "TMPDIR": folder.name, "LANG": "C.UTF-8"}
        (self.folder / "build").symlink_to(BUILD)
        self.shell = Shell(folder.name, self.environment)
        self.addCleanup(self.shell.end)
        self.said = ""

    def told(self, *words):
        ran = subprocess.run([BUILD / "bin" / "leoflow", *words, "-o", "json"], text=True,
                             capture_output=True, env=self.environment, check=True)
        return json.loads(ran.stdout)

    def wait_for(self, what, value):
        end = time.monotonic() + SECONDS_MAX
        while not value():
            self.assertLess(time.monotonic(), end, f"{what}: not in time")
            time.sleep(0.05)

    def serve(self, block):
        """`leoflow lite` in a terminal of its own, where the shell is."""
        where = self.shell.paste("pwd").strip()
        command = block.split() + ["--port", "0"]
        server = subprocess.Popen(command, cwd=where, stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.DEVNULL, env={**self.environment, "PATH":
                                  f"{BUILD}/bin:{self.environment['PATH']}"})
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.send_signal, signal.SIGTERM)
        for line in server.stdout:
            if line.startswith("Ready."):
                break
        self.wait_for("the DAG is there", lambda: self.told("dags", "list"))

    def state(self):
        """Changes when the server has taken in a change of the files."""
        return self.told("versions", "list", "my_project"), self.told("import-errors", "list")

    def edit(self, block):
        before = self.state()
        printed = self.shell.paste(block)
        self.wait_for("the change is seen", lambda: self.state() != before)
        return printed

    def run_block(self, block):
        if block.startswith("leoflow lite"):
            return self.serve(block)
        printed = self.edit(block) if block.startswith("sed -i") else self.shell.paste(block)
        self.assertNotIn(f"{DONE} failed", printed, block)
        self.said += printed
        if "tasks clear" in block:
            self.wait_for("the cleared run ends", lambda: self.told(
                "runs", "show", "my_project", "@latest")["state"] == "success")
        return None

    def test_every_block_works_when_pasted(self):
        for block in BLOCK.findall((DOCS / "first-steps.md").read_text()):
            self.run_block(block)
        for expected in ("the sum is 6", "the sum is 16", "SyntaxError", "status 2", "status 10",
                         "FileNotFoundError", "connection warehouse is added", "python"):
            self.assertIn(expected, self.said)
        tasks = {row["task_id"]: row["try_number"]
                 for row in self.told("tasks", "list", "my_project", "@latest")}
        self.assertEqual(tasks, {"extract": 1, "transform": 1, "load": 2})


if __name__ == "__main__":
    unittest.main()

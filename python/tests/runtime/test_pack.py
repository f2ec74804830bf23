# SPDX-License-Identifier: Apache-2.0
"""The runtime as pods get it: one archive."""

import hashlib
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import harness

PACK = os.path.join(harness.PYTHON_ROOT, "leoflow", "pack.py")
DAG = """
def names(context):
    import leoflow.runtime.task, airflow.sdk
    return [leoflow.runtime.task.__file__, airflow.sdk.__file__]

def spawns(context):
    import math, multiprocessing
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(math.factorial, [4])

def fails(context):
    raise ValueError("bad input")

d = Dag("d", Op("t", names), Op("fails", fails), Op("spawns", spawns))
"""


def packed(folder):
    subprocess.run([sys.executable, "-I", "-S", PACK, folder], check=True)
    return folder


class Packed(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = packed(folder.name)
        self.bundle = harness.Bundle(DAG)
        self.addCleanup(self.bundle.close)
        template = os.path.join(self.folder, "leoflow", "template.py")
        self.agent = harness.Agent(once=True, template=template)
        self.addCleanup(self.agent.close)

    def test_tasks_run_from_the_archive(self):
        result = self.agent.run(harness.start_frame(self.bundle.file))
        archive = os.path.join(self.folder, "runtime.zip")
        for name in result.xcoms["return_value"]:
            self.assertTrue(name.startswith(archive) and name.endswith(".pyc"), name)

    def test_the_runtime_can_be_rehearsed(self):
        code = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from leoflow import template\n"
            "from leoflow.runtime import logs\n"
            "logs.prepare(); template.warm_up_fully()"
        )
        archive = os.path.join(self.folder, "runtime.zip")
        subprocess.run([sys.executable, "-I", "-c", code, archive], check=True)

    def test_a_task_may_spawn_processes(self):
        result = self.agent.run(harness.start_frame(self.bundle.file, task_id="spawns"))
        self.assertEqual([24], result.xcoms.get("return_value"), result.log)

    def test_a_failure_is_logged_from_the_users_frames_on(self):
        result = self.agent.run(harness.start_frame(self.bundle.file, task_id="fails"))
        traces = [line["exception"] for line in result.log if "exception" in line]
        self.assertEqual(1, len(traces), result.log)
        self.assertNotIn("runtime", traces[0])
        self.assertIn('raise ValueError("bad input")', traces[0])

    def test_packed_again_it_is_the_same(self):
        with tempfile.TemporaryDirectory() as other:
            found = [
                hashlib.sha256(Path(one, "runtime.zip").read_bytes()).hexdigest()
                for one in (self.folder, packed(other))
            ]
        self.assertEqual(found[0], found[1])


if __name__ == "__main__":
    unittest.main()

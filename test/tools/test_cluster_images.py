# SPDX-License-Identifier: Apache-2.0
"""What a killed build of the test cluster's images leaves goes with the next one."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cluster"))
from onenode import images  # noqa: E402

OLD = 1_000_000_000


class Leftovers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = Path(folder.name)
        environment = mock.patch.dict(os.environ, {"LEOFLOW_CLUSTER_CACHE": folder.name})
        environment.start()
        self.addCleanup(environment.stop)

    def left(self):
        folder = self.cache / "image-left"
        (folder / "root" / "proc").mkdir(parents=True)
        os.utime(folder, (OLD, OLD))
        return folder

    def test_an_old_folder_goes(self):
        folder = self.left()
        with images.workplace() as work:
            self.assertTrue(work.is_dir())
            self.assertFalse(folder.exists())
        self.assertEqual(list(self.cache.iterdir()), [])

    @unittest.skipIf(os.getuid() != 0, "only root mounts")
    def test_what_is_mounted_in_it_goes_first(self):
        folder = self.left()
        proc = folder / "root" / "proc"
        subprocess.run(["mount", "-t", "tmpfs", "left", str(proc)], check=True)
        self.assertEqual(images.mounts_below(folder), [str(proc)])
        images.clear_leftovers()
        self.assertFalse(folder.exists())

    def test_the_folder_of_a_build_that_runs_stays(self):
        with images.workplace() as work:
            os.utime(work, (OLD, OLD))
            images.clear_leftovers()
            self.assertTrue(work.is_dir())

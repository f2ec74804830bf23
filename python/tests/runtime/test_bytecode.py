# SPDX-License-Identifier: Apache-2.0
"""A standard library that is not compiled, as in small images: its compiled files are shared."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import harness

LIBRARY = Path(os.__file__).parent
VERSION = LIBRARY.name
LEFT_OUT = {"__pycache__", "test", "site-packages", "dist-packages"}
PROGRAM = """import sys
sys.path.insert(0, sys.argv[1])
from leoflow.runtime import bytecode
bytecode.share(sys.argv[2])
import json, json.decoder
print(json.decoder.__cached__, getattr(json, "changed", ""))
"""


def link_library(home):
    """A Python's home whose library is this one's without compiled files."""
    for folder, folders, files in os.walk(LIBRARY):
        folders[:] = set(folders) - LEFT_OUT
        there = home / "lib" / VERSION / Path(folder).relative_to(LIBRARY)
        there.mkdir(parents=True)
        for name in files:
            (there / name).symlink_to(Path(folder, name))


class Bytecode(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="leoflow-bytecode-")
        self.addCleanup(folder.cleanup)
        self.home, self.shared = Path(folder.name, "home"), Path(folder.name, "shared")
        link_library(self.home)
        self.shared.mkdir()
        self.library = self.home / "lib" / VERSION
        # Python imports it before anything of ours, and would compile it there.
        self.encodings = self.library / "encodings" / "__pycache__"
        self.encodings.write_text("no folder")
        self.kept = self.shared / f"json/__pycache__/decoder.{sys.implementation.cache_tag}.pyc"

    def run_python(self, *options):
        """The ended process of a Python that has this home."""
        command = [sys.executable, "-S", *options, "-c", PROGRAM, harness.PYTHON_ROOT, self.shared]
        environment = {"PYTHONHOME": str(self.home), "PATH": os.defpath}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_what_one_compiled_the_next_one_finds(self):
        first = self.run_python()
        self.assertEqual(first.stdout.split(), [str(self.kept)])
        self.assertEqual(list((self.library / "json").rglob("*.pyc")), [])
        second = self.run_python("-v")
        self.assertIn(f"code object from '{self.kept}'", second.stderr)

    def test_a_source_that_changed_is_compiled_anew(self):
        self.run_python()
        source = self.library / "json" / "__init__.py"
        text = source.read_text()
        source.unlink()
        source.write_text(text + "\nchanged = 'changed'\n")
        for _ in range(2):
            self.assertEqual(self.run_python().stdout.split(), [str(self.kept), "changed"])

    def test_what_is_compiled_beside_its_source_is_used(self):
        beside = self.library / "json" / "__pycache__"
        beside.mkdir()
        original = LIBRARY / "json" / "__pycache__" / self.kept.name
        (beside / self.kept.name).write_bytes(original.read_bytes())
        self.assertEqual(self.run_python().stdout.split(), [str(beside / self.kept.name)])
        self.assertFalse(self.kept.exists())

    def test_a_compiled_library_is_left_alone(self):
        self.encodings.unlink()
        self.encodings.symlink_to(LIBRARY / "encodings" / "__pycache__")
        beside = self.library / "json" / "__pycache__" / self.kept.name
        self.assertEqual(self.run_python("-B").stdout.split(), [str(beside)])

    def test_a_folder_that_cannot_be_used_costs_nothing_but_time(self):
        self.shared.rmdir()
        self.shared.write_text("no folder")
        self.assertEqual(self.run_python().stdout.split(), [str(self.kept)])


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""make install: what it puts in place works from there, and goes away again."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from places import BUILD, ROOT

INSTALL = ROOT / "tools" / "install"
DAG = '''
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("installed", schedule=None):
    BashOperator(task_id="hello", bash_command="echo hello from there")
'''


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="leoflow-install-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.root = self.folder / "image"
        self.prefix = self.root / "opt/leoflow"

    def install(self, *words, status=0):
        ran = subprocess.run([INSTALL, "--prefix", "/opt/leoflow", "--build", BUILD, *words],
                             capture_output=True, text=True, check=False,
                             env={**os.environ, "DESTDIR": str(self.root)})
        self.assertEqual(ran.returncode, status, ran.stderr)
        return ran.stdout + ran.stderr

    def test_installed_programs_run_a_dag(self):
        self.install()
        script = self.folder / "dag.py"
        script.write_text(DAG)
        ran = subprocess.run([self.prefix / "bin/leoflow", "run", script], text=True, check=False,
                             capture_output=True, env={"HOME": str(self.folder),
                                                       "PATH": "/usr/bin:/bin"})
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("hello from there", ran.stdout)

    def test_everything_is_in_its_place_and_goes_away(self):
        self.install()
        self.install()  # over itself
        schema = json.loads((self.prefix / "share/leoflow/leoflow.schema.json").read_text())
        self.assertIn("staging", schema["properties"])
        bash = self.prefix / "share/bash-completion/completions/leoflow"
        self.assertEqual(subprocess.run(["bash", "-n", bash], check=False).returncode, 0)
        self.assertTrue((self.prefix / "share/doc/leoflow/operations.md").exists())
        self.install("--remove")
        left = [path for path in self.root.rglob("*") if path.is_file()]
        self.assertEqual(left, [])

    def test_the_unit_names_what_was_installed(self):
        self.install()
        text = (self.prefix / "lib/systemd/system/leoflow.service").read_text()
        self.assertNotIn("@", text)
        self.assertIn("ExecStart=/opt/leoflow/bin/leoflow server", text)
        verify = shutil.which("systemd-analyze")
        if verify:  # here it can only complain about the program, which is not at /opt
            unit = self.folder / "leoflow.service"
            unit.write_text(text.replace("/opt/leoflow", str(self.prefix)))
            ran = subprocess.run([verify, "verify", unit], capture_output=True, text=True,
                                 check=False)
            self.assertNotIn(str(unit) + ":", ran.stderr)

    def test_wrong_words_and_missing_programs_are_said(self):
        self.assertIn("usage:", self.install("--frobnicate", status=2))
        self.assertIn("make programs", self.install("--build", str(self.folder), status=1))


if __name__ == "__main__":
    unittest.main()

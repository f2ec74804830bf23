# SPDX-License-Identifier: Apache-2.0
"""Environments built by the real uv and by venv and pip, from a wheel that the test makes: no
package registry is needed."""
import os
import shutil
import tempfile
import unittest
import zipfile
from pathlib import Path

from harness import leoflow

EXIT_INVALID = 2
TOOLS = Path(__file__).resolve().parents[2] / ".cache" / "tools" / "bin"
NAME = "leoflow_probe-1.0-py3-none-any.whl"
DAG = '''
from importlib.util import find_spec
from airflow.sdk import dag, task

@dag(schedule=None)
def probes():
    @task
    def probe():
        import leoflow_probe
        print("probe says", leoflow_probe.WORD)
        print("unasked", [name for name in ("pip", "setuptools") if find_spec(name)])
    probe()

probes()
'''


def make_wheel(folder):
    path = folder / NAME
    about = "leoflow_probe-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("leoflow_probe.py", "WORD = 'hello from a wheel'\n")
        wheel.writestr(f"{about}/METADATA",
                       "Metadata-Version: 2.1\nName: leoflow-probe\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\n"
                       "Root-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", f"leoflow_probe.py,,\n{about}/METADATA,,\n"
                       f"{about}/WHEEL,,\n{about}/RECORD,,\n")
    return path


class Builder:
    """Both ways to build; each subclass says how it is chosen."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lf-e2e-env-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.project = self.folder / "probes"
        self.project.mkdir()
        (self.project / "dag.py").write_text(DAG)
        self.env = {"LEOFLOW_CACHE": str(self.folder / "cache"), **self.builder()}

    def depend_on(self, wheel):
        line = f"leoflow-probe @ {wheel.as_uri()}"
        (self.project / "leoflow.yaml").write_text(f'dependencies: ["{line}"]\n')

    def test_a_task_imports_what_was_installed(self):
        self.depend_on(make_wheel(self.folder))
        ran = leoflow("run", str(self.project), env=self.env, seconds=300)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn("probe says hello from a wheel", ran.stdout)
        # Whoever built it: what nobody asked for is not there.
        self.assertIn("unasked []", ran.stdout)

    def test_the_installers_message_is_the_import_error(self):
        wheel = self.folder / NAME
        wheel.write_bytes(b"no wheel at all")
        self.depend_on(wheel)
        told = leoflow("validate", str(self.project), "--home", str(self.folder / "home"),
                       env=self.env, seconds=300)
        self.assertEqual(told.returncode, EXIT_INVALID, told.stdout + told.stderr)
        self.assertIn("cannot build the environment: " + self.step, told.stderr)
        self.assertRegex(told.stderr, r"(?i)(invalid|failed|error|not a).*\n?.*(wheel|zip)")


class Uv(Builder, unittest.TestCase):
    step = "uv pip install"

    def builder(self):
        found = os.environ.get("LEOFLOW_UV") or shutil.which("uv") or shutil.which("uv", path=TOOLS)
        if not found:
            self.skipTest("uv is not installed")
        return {"LEOFLOW_UV": found}

    def test_a_uv_that_is_not_there_is_named(self):
        missing = str(self.folder / "no-uv")
        told = leoflow("validate", str(self.project), "--home", str(self.folder / "home"),
                       env={**self.env, "LEOFLOW_UV": missing})
        self.assertNotEqual(told.returncode, 0)
        self.assertIn(missing, told.stderr)
        self.assertIn("hint: LEOFLOW_UV", told.stderr)


class Pip(Builder, unittest.TestCase):
    step = "pip install"

    def builder(self):
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}

    def setUp(self):
        if shutil.which("uv", path="/usr/bin:/bin"):
            self.skipTest("uv is installed for all")
        super().setUp()


if __name__ == "__main__":
    unittest.main()

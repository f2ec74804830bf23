# SPDX-License-Identifier: Apache-2.0
"""DAG files that harm whoever reads them, and environments that cannot be built."""
import os
import shutil
import socket
import unittest
from urllib.parse import urlsplit

from harness import ServerTest, until

GOOD = '''
from airflow.sdk import dag, task

@dag(dag_id="{dag}", schedule=None)
def build():
    @task
    def say():
        print("hello")
    say()

build()
'''
# The limit of 30 s for reading a file is real.
SLOW_SECONDS = 120


def registry_reachable():
    index = os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    address = urlsplit(index)
    try:
        port = address.port or (443 if address.scheme == "https" else 80)
        socket.create_connection((address.hostname, port), 3).close()
        return True
    except OSError:
        return False


def absent_python():
    """A supported Python version that this host does not have."""
    absent = [v for v in ("3.13", "3.12", "3.10") if not shutil.which("python" + v)]
    return absent[0] if absent else None


class Harmful(ServerTest):
    dags = {"good.py": GOOD.format(dag="good"),
            "forever.py": "from airflow.sdk import DAG\nwhile True:\n    pass\n",
            "hungry.py": "from airflow.sdk import DAG\ndata = []\nwhile True:\n"
                         "    data.append(bytearray(1 << 24))\n",
            "exits.py": "from airflow.sdk import DAG\nimport os\nos._exit(7)\n",
            "prints.py": "import sys\nfor _ in range(1 << 16):\n    sys.stdout.write('x' * 1024)\n"
                         + GOOD.format(dag="prints")}

    def error_of(self, name, seconds=SLOW_SECONDS):
        def found():
            return [row["stack_trace"] for row in self.server.import_errors()
                    if row["filename"].endswith(name)]
        return until(f"an import error of {name}", found, seconds)[0]

    def test_good_files_do_not_wait_for_bad_ones(self):
        self.assertEqual(self.server.run("good"), "success")

    def test_endless_loop_is_ended(self):
        self.assertRegex(self.error_of("forever.py"), r"30(\.0+)? ?s")

    def test_endless_allocation_is_ended(self):
        self.assertRegex(self.error_of("hungry.py"), r"(?i)memory")

    def test_exit_at_import_is_told(self):
        self.assertRegex(self.error_of("exits.py"), r"7")

    def test_output_at_import_is_no_harm(self):
        self.server.dag("prints")

    def test_absent_interpreter_is_named(self):
        version = absent_python()
        if not version:
            self.skipTest("every supported Python is installed")
        self.server.write("absent/leoflow.yaml", f'python_version: "{version}"\n')
        self.server.write("absent/dag.py", GOOD.format(dag="absent"))
        error = self.error_of("absent/dag.py")
        self.assertIn(version, error)
        self.assertIn("hint:", error)

    def test_dependency_that_does_not_exist_is_named(self):
        if not registry_reachable():
            self.skipTest("no package registry is reachable")
        name = "leoflow-no-such-package-e2e"
        self.server.write("lacking/leoflow.yaml", f"dependencies: [{name}]\n")
        self.server.write("lacking/dag.py", GOOD.format(dag="lacking"))
        self.assertIn(name, self.error_of("lacking/dag.py", 300))
        states = {tuple(row["dependencies"]): row["state"] for row in
                  self.server.get("/api/leoflow/v1/environments")["environments"]}
        self.assertNotEqual(states.get((name,)), "ready")


if __name__ == "__main__":
    unittest.main()

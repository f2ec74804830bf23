# SPDX-License-Identifier: Apache-2.0
"""Generated pages against the programs, and against the sources they could forget."""
import json
import re
import subprocess
import unittest

from places import BUILD, ROOT

READS = re.compile(r'\b(?:getenv|environment|variable_or)\(\s*"([A-Z][A-Z_]+)"')
# Read as any program reads them; not worth a line.
USUAL = {"HOME", "PATH", "LANG", "LC_ALL"}


def told(*words):
    ran = subprocess.run([BUILD / "bin" / "leoflow", *words], capture_output=True, text=True,
                         check=True)
    return json.loads(ran.stdout)


class Reference(unittest.TestCase):
    def test_committed_pages_say_what_the_programs_say(self):
        ran = subprocess.run([ROOT / "tools" / "docs", "reference", "--check", "--build", BUILD],
                             capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_every_variable_that_is_read_is_listed(self):
        listed = " ".join(row["name"] for row in told("help", "-o", "json")["environment"])
        for path in sorted((ROOT / "src").rglob("*.cc")):
            if path.name.endswith("_test.cc"):
                continue
            for match in READS.finditer(path.read_text()):
                if match[1] not in USUAL:
                    self.assertIn(match[1], listed, f"{path}: add it to src/cli/reference.cc")

    def test_the_schema_knows_the_keys_that_pages_use(self):
        known = set(told("schema")["properties"])
        text = (ROOT / "docs" / "leoflow-yaml.md").read_text()
        for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
            for key in re.findall(r"^([a-z_]+):", block, re.MULTILINE):
                self.assertIn(key, known)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""Each rule of tools/tidy, on small trees that must pass or fail."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

TIDY = Path(__file__).resolve().parents[2] / "tools" / "tidy"
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
LAYER = "# SPDX-License-Identifier: Apache-2.0\nleoflow_layer(x)\n"


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, text, spdx=SPDX):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(spdx + text, encoding="utf-8")

    def tidy(self, *options):
        """(exit status, rules that were broken, whole output)."""
        command = ["/usr/bin/python3.11", str(TIDY), "--root", str(self.root), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertNotIn("Traceback", done.stderr)
        rules = [line.split(": ")[1] for line in done.stdout.splitlines()]
        return done.returncode, rules, done.stdout

    def assert_breaks(self, rule, path, text, spdx=SPDX):
        self.write(path, text, spdx)
        status, rules, output = self.tidy()
        self.assertEqual((status, rules), (1, [rule]), output)
        self.assertTrue(output.startswith(path + ":"), output)

    def assert_clean(self):
        status, rules, output = self.tidy()
        self.assertEqual((status, rules), (0, []), output)


class Layers(Tree):
    def test_downward_includes_are_fine(self):
        self.write("src/engine/core.cc", '#include "schedule/retry.h"\n#include "store/store.h"\n')
        self.write("src/main/wire.cc", '#include "api/http.h"\n#include "store/sql/sqlite.h"\n')
        self.write("src/store/sql/sqlite.cc", '#include "store/store.h"\n')
        self.assert_clean()

    def test_upward_include(self):
        self.assert_breaks("layer", "src/model/dag.h", '#include "store/store.h"\n')

    def test_schedule_stays_pure(self):
        self.assert_breaks("layer", "src/schedule/cron.cc", '#include "async/loop.h"\n')

    def test_leaves_do_not_include_each_other(self):
        self.assert_breaks("layer", "src/api/route.cc", '#include "agent/session.h"\n')

    def test_engine_sees_interfaces_only(self):
        self.assert_breaks("layer", "src/engine/core.cc", '#include "store/sql/sqlite.h"\n')

    def test_nobody_includes_main(self):
        self.assert_breaks("layer", "src/cli/run.cc", '#include "main/wire.h"\n')

    def test_folder_without_layer(self):
        self.assert_breaks("layer", "src/extra/x.h", "")


class Bans(Tree):
    def test_each_ban(self):
        cases = {"sleep": "std::this_thread::sleep_for(x);",
                 "random-device": "std::random_device r;",
                 "wall-clock": "auto t = std::chrono::system_clock::now();",
                 "environment": 'getenv("X");',
                 "select-star": 'auto q = "SELECT * FROM dag";',
                 "mutex": "std::mutex m;",
                 "detached": "t.detach();"}
        for rule, code in cases.items():
            with self.subTest(rule):
                self.assert_breaks(rule, "src/engine/x.cc", code + "\n")

    def test_allowed_places_and_comments(self):
        self.write("src/async/x.cc", "std::mutex m; auto t = std::chrono::system_clock::now();\n")
        self.write("src/main/x.cc", 'auto home = getenv("HOME");\n')
        self.write("src/engine/x.cc", "// std::mutex, SELECT *\n/* getenv(x) */ int my_getenv_n;\n")
        self.assert_clean()


class Text(Tree):
    def test_spdx(self):
        self.assert_breaks("spdx", "src/base/x.h", "#pragma once\n", spdx="")

    def test_spdx_after_shebang(self):
        self.write("tools/x", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n", spdx="")
        self.assert_clean()
        self.assert_breaks("spdx", "tools/y", "#!/bin/sh\necho\n", spdx="")

    def test_conflict(self):
        self.assert_breaks("conflict", "src/base/x.h", "<" * 7 + " HEAD\n")

    def test_open_work(self):
        self.assert_breaks("open-work", "src/base/x.h", "// TO" + "DO: later\n")

    def test_machine_path(self):
        self.assert_breaks("machine-path", "docs/x.md", "see /ro" + "ot/thing\n", spdx="")

    def test_dead_link(self):
        self.assert_breaks("dead-link", "README.md", "# Top\n[a](docs/none.md)\n", spdx="")

    def test_dead_anchor(self):
        text = "# Top part\n[a](#top-part) [b](#bottom)\n"
        self.assert_breaks("dead-link", "README.md", text, spdx="")

    def test_living_links(self):
        self.write("docs/a.md", "# One `two`\n", spdx="")
        text = "[a](docs/a.md#one-two) [b](https://x.org/none)\n```\n[c](none.md)\n```\n"
        self.write("README.md", text, spdx="")
        self.assert_clean()


class Sizes(Tree):
    def allow(self, entries):
        file = self.root / "tools/tidy_allow.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(entries))

    def test_long_line(self):
        self.assert_breaks("long-lines", "src/base/x.h", "int x;  // " + "x" * 100 + "\n")

    def test_long_file(self):
        self.assert_breaks("file-lines", "src/base/x.h", "int x;\n" * 301)

    def test_long_function(self):
        body = "  if (a) {\n    b();\n  }\n" * 24
        text = "namespace n {\nvoid f(int a,\n       int b) {\n" + body + "}\n}\n"
        self.assert_breaks("function-lines", "src/base/x.cc", text)

    def test_long_method_and_long_python_function(self):
        method = "  int f() const {\n" + "    g();\n" * 70 + "  }\n"
        self.write("src/base/x.h", "struct S {\n" + method + "};\n")
        self.write("tools/x.py", "def f():\n" + "    g()\n" * 70, spdx="# " + SPDX[3:])
        self.assertEqual(self.tidy()[1], ["function-lines", "function-lines"])

    def test_long_class_of_short_functions(self):
        methods = "  int f() { return 1; }\n" * 80
        self.write("src/base/x.h", "class C {\n public:\n" + methods + "};\n"
                   "constexpr int kTable[] = {\n" + "  1,\n" * 80 + "};\n")
        self.assert_clean()

    def test_braces_in_text_do_not_count(self):
        text = 'auto s = R"x({{{)x"; char c = \'{\'; auto t = "{\\"{"; int n = 1\'000;  // {{\n'
        body = text * 60 + "}\n"
        self.write("src/base/x.cc", "void f() {\n" + body + "void g() {\n" + body)
        self.assert_clean()

    def test_list_only_shrinks(self):
        self.write("src/base/x.h", "int x;  // " + "x" * 100 + "\n")
        self.allow({"long-lines": {"src/base/x.h": 1}})
        self.assert_clean()
        self.write("src/base/x.h", ("int x;  // " + "x" * 100 + "\n") * 2)
        self.assertEqual(self.tidy()[1], ["long-lines"])
        self.assertEqual(self.tidy("--shrink")[1], ["long-lines"])

    def test_stale_entry_fails_until_shrunk(self):
        self.write("src/base/x.h", "int x;\n")
        self.allow({"long-lines": {"src/base/x.h": 3, "src/base/gone.h": 1}})
        self.assertEqual(self.tidy()[1], ["long-lines", "long-lines"])
        self.assertEqual(self.tidy("--shrink")[0], 0)
        self.assertEqual(json.loads((self.root / "tools/tidy_allow.json").read_text()), {})


class Builds(Tree):
    def test_test_in_a_layer_is_built(self):
        self.write("CMakeLists.txt", "add_subdirectory(src/base)\n", spdx="# " + SPDX[3:])
        self.write("src/base/CMakeLists.txt", LAYER, spdx="")
        self.write("src/base/x_test.cc", "")
        self.assert_clean()

    def test_test_nobody_builds(self):
        self.write("CMakeLists.txt", "# add_subdirectory(src/base)\n", spdx="# " + SPDX[3:])
        self.write("src/base/CMakeLists.txt", LAYER, spdx="")
        self.assert_breaks("test-not-built", "src/base/x_test.cc", "")


if __name__ == "__main__":
    unittest.main()

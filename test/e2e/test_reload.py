# SPDX-License-Identifier: Apache-2.0
"""The workspace under the server's eyes: edits, broken edits, duplicates, what leaves."""
import unittest

from harness import ApiError, ServerTest, until

GOOD = '''
from airflow.sdk import dag, task

@dag(dag_id="{dag}", schedule=None)
def build():
    @task
    def say():
        print("{text}")
    say()

build()
'''
UNDEFINED = GOOD.format(dag="edited", text="x") + "\nundefined_name\n"


class Reload(ServerTest):
    dags = {"edited.py": GOOD.format(dag="edited", text="first"),
            "left/dag.py": GOOD.format(dag="left", text="soon gone"),
            ".airflowignore": "ignored_*.py\n",
            "ignored_dag.py": GOOD.format(dag="ignored", text="never")}

    def errors_of(self, name):
        return [row["stack_trace"] for row in self.server.import_errors()
                if row["filename"].endswith(name)]

    def test_edits_make_versions_and_broken_ones_do_not(self):
        server = self.server
        self.assertEqual(server.run("edited", "one"), "success")
        server.write("edited.py", GOOD.format(dag="edited", text="second"))
        until("the second version", lambda: len(server.versions("edited")) == 2)
        self.assertEqual(server.run("edited", "two"), "success")
        self.assertIn("second", server.events("edited", "say", "two"))

        server.write("edited.py", UNDEFINED)
        error = until("an import error", lambda: self.errors_of("edited.py"))[0]
        line = UNDEFINED.splitlines().index("undefined_name") + 1
        self.assertIn("NameError", error)
        self.assertIn("undefined_name", error)
        self.assertRegex(error, rf"edited\.py.*\b{line}\b")
        # The last good version stays; new runs of it are refused by name, as in Airflow.
        self.assertTrue(server.get("/api/v2/dags/edited")["has_import_errors"])
        self.assertEqual(len(server.versions("edited")), 2)
        with self.assertRaisesRegex(ApiError, "400.*has import errors"):
            server.trigger("edited", "three")
        server.call("POST", "/api/v2/dags/edited/clearTaskInstances",
                    {"dag_run_id": "two", "only_failed": False, "dry_run": False})
        self.assertEqual(server.finished("edited", "two"), "success")
        self.assertIn("second", server.events("edited", "say", "two", try_number=2))

        server.write("edited.py", GOOD.format(dag="edited", text="third"))
        until("the error is gone", lambda: not self.errors_of("edited.py"))
        until("the third version", lambda: len(server.versions("edited")) == 3)
        # Content that was there before is the version it was.
        server.write("edited.py", GOOD.format(dag="edited", text="third"))
        server.write("probe.py", GOOD.format(dag="probe", text="after it"))
        server.dag("probe")
        self.assertEqual(len(server.versions("edited")), 3)

    def test_missing_module_names_the_line_to_add(self):
        self.server.write("needs.py", "import no_such_module_at_all\n"
                          + GOOD.format(dag="needs", text="x"))
        error = until("an import error", lambda: self.errors_of("needs.py"))[0]
        self.assertIn("no_such_module_at_all", error)
        self.assertIn("hint:", error)
        self.assertIn("dependencies", error)
        (self.server.workspace / "needs.py").unlink()
        until("the error is gone", lambda: not self.errors_of("needs.py"))

    def test_bad_yaml_names_key_and_line(self):
        self.server.write("typo/leoflow.yaml", "tags: [a]\nretires: 3\n")
        self.server.write("typo/dag.py", GOOD.format(dag="typo", text="x"))
        error = until("an import error", lambda: self.errors_of("typo/dag.py")
                      or self.errors_of("leoflow.yaml"))[0]
        self.assertIn("retires", error)
        self.assertRegex(error, r"line 2|:2\b")

    def test_project_that_is_removed_leaves(self):
        self.server.dag("left")
        for name in ("dag.py",):
            (self.server.workspace / "left" / name).unlink()
        until("the DAG is stale", lambda: self.server.get("/api/v2/dags/left")["is_stale"])
        listed = self.server.get("/api/v2/dags?limit=100")["dags"]
        self.assertNotIn("left", [row["dag_id"] for row in listed])

    def test_duplicate_ids_name_both_files(self):
        self.server.write("twin_a.py", GOOD.format(dag="twin", text="a"))
        self.server.dag("twin")
        self.server.write("twin_b.py", GOOD.format(dag="twin", text="b"))
        error = until("an import error", lambda: self.errors_of("twin_b.py"))[0]
        self.assertIn("twin_a.py", error)
        self.assertIn("twin", error)
        (self.server.workspace / "twin_a.py").unlink()
        until("the second is free to go", lambda: not self.errors_of("twin_b.py"))

    def test_ignored_files_are_not_read(self):
        self.server.dag("edited")
        listed = self.server.get("/api/v2/dags?limit=100")["dags"]
        self.assertNotIn("ignored", [row["dag_id"] for row in listed])
        self.assertEqual(self.errors_of("ignored_dag.py"), [])


if __name__ == "__main__":
    unittest.main()

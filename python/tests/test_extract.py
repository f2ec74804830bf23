# SPDX-License-Identifier: Apache-2.0
"""The extractor as a process: documents, errors, hints, and what user code cannot disturb."""
import os
import tempfile
import unittest

from authoring_support import extract_text, one_dag, run_extractor

HEAD = """\
from airflow.sdk import DAG, BaseOperator, Param, TaskGroup, XComArg, dag, literal, task
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
import datetime as dt
"""


class Documents(unittest.TestCase):
    maxDiff = None

    def test_every_task_field(self):
        dag = one_dag(HEAD + """
def cb(context): pass
with DAG("d", start_date=dt.datetime(2024, 1, 1), end_date=dt.datetime(2025, 1, 1)):
    BashOperator(task_id="full", bash_command="echo", task_display_name="Full", owner="a, b",
    doc_md="doc",
        retries=3, retry_delay=1.5, retry_exponential_backoff=3, max_retry_delay=60,
        execution_timeout=dt.timedelta(seconds=9),
        wait_for_downstream=True, ignore_first_depends_on_past=False,
        wait_for_past_depends_before_skipping=True,
        priority_weight=5, weight_rule="upstream", pool="p", pool_slots=2, queue="q",
        max_active_tis_per_dag=4,
        max_active_tis_per_dagrun=2, start_date=dt.datetime(2024, 6, 1),
        end_date=dt.datetime(2026, 1, 1),
        do_xcom_push=False, on_retry_callback=cb, trigger_rule="all_done", params={"x": 1},
        multiple_outputs=True)
""")
        self.assertEqual({
            "task_id": "full", "task_display_name": "Full", "operator_name": "BashOperator",
            "operator_module": "airflow.providers.standard.operators.bash", "owner": "a, b",
            "doc_md": "doc",
            "trigger_rule": "all_done", "retries": 3, "retry_delay": 1.5,
            "retry_exponential_backoff": 3.0,
            "max_retry_delay": 60, "execution_timeout": 9, "depends_on_past": True,
            "wait_for_downstream": True,
            "ignore_first_depends_on_past": False, "wait_for_past_depends_before_skipping": True,
            "priority_weight": 5,
            "weight_rule": "upstream", "pool": "p", "pool_slots": 2, "queue": "q",
            "max_active_tis_per_dag": 4,
            "max_active_tis_per_dagrun": 2, "start_date": "2024-06-01T00:00:00Z",
            "end_date": "2025-01-01T00:00:00Z",
            "do_xcom_push": False, "multiple_outputs": True, "has_retry_callback": True,
            "template_fields": ["bash_command", "env", "cwd"],
            "params": {"x": {"schema": {}, "value": 1}},
            "ui_color": "#f0ede4"}, dag["by_id"]["full"])
        self.assertEqual(["a", "b"], dag["owners"])

    def test_every_dag_field(self):
        dag = one_dag(HEAD + """
def cb(context): pass
x = DAG("d", description="text", doc_md="README.md", schedule="0 3 * * *",
    start_date=dt.datetime(2024, 1, 1), catchup=True,
    tags=["b", "a"], max_active_runs=2, max_active_tasks=3, max_consecutive_failed_dag_runs=4,
    fail_fast=True,
    dagrun_timeout=dt.timedelta(minutes=5), is_paused_upon_creation=False,
    render_template_as_native_obj=True,
    on_success_callback=cb, on_failure_callback=[cb], default_args={"retries": 2, "fn": cb,
    "delay": dt.timedelta(1)},
    params={"n": Param(5, type="integer", description="how many")}, dag_display_name="D")
""", {"README.md": "# Read me"})
        del dag["by_id"]
        self.assertEqual({
            "tasks": [],
            "schema_version": "1.0", "dag_id": "d", "dag_display_name": "D", "description": "text",
            "doc_md": "# Read me",
            "tags": ["a", "b"], "relative_fileloc": "dag.py", "start_date": "2024-01-01T00:00:00Z",
            "catchup": True,
            "schedule": {"kind": "cron_trigger", "crons": ["0 3 * * *"], "summary": "0 3 * * *"},
            "max_active_runs": 2,
            "max_active_tasks": 3, "max_consecutive_failed_dag_runs": 4, "dagrun_timeout": 300,
            "fail_fast": True,
            "is_paused_upon_creation": False, "render_template_as_native_obj": True,
            "has_success_callback": True,
            "has_failure_callback": True, "default_args": {"retries": 2, "fn": "cb",
                                                           "delay": 86400},
            "params": {"n": {"schema": {"type": "integer"}, "value": 5,
                             "description": "how many"}}}, dag)

    def test_empty_operators_run_inline_unless_somebody_listens(self):
        dag = one_dag(HEAD + """
class Mine(EmptyOperator):
    def execute(self, context): return 1
class Same(EmptyOperator): pass
with DAG("d"):
    EmptyOperator(task_id="plain"), Same(task_id="same"), Mine(task_id="mine")
    EmptyOperator(task_id="ok", on_success_callback=print), EmptyOperator(task_id="start",
    on_execute_callback=print)
    EmptyOperator(task_id="hook", pre_execute=print)
    EmptyOperator(task_id="failure", on_failure_callback=print)
""")
        inline = [name for name, one in dag["by_id"].items() if one.get("inline_success")]
        self.assertEqual(["plain", "same", "failure"], inline)

    def test_tasks_tell_the_groups_they_are_in(self):
        dag = one_dag(HEAD + """
from airflow.sdk import TaskGroup
with DAG("d"):
    EmptyOperator(task_id="alone")
    with TaskGroup("out"):
        EmptyOperator(task_id="a")
        with TaskGroup("in", prefix_group_id=False):
            EmptyOperator(task_id="b")
""")
        groups = {name: one.get("task_groups") for name, one in dag["by_id"].items()}
        self.assertEqual({"alone": None, "out.a": ["out"], "b": ["out", "out.in"]}, groups)

    def test_xcom_inputs_are_return_values_only(self):
        dag = one_dag(HEAD + """
with DAG("d"):
    @task
    def f(*a, **k): pass
    x, y, z = f(), f(), f()
    f([x, {"k": y}], z["part"], t=f"{x}")
    late = BashOperator(task_id="late", bash_command="true")
    late.env = {"A": y}
""")
        self.assertEqual(["f", "f__1"], dag["by_id"]["f__3"]["xcom_inputs"])
        self.assertEqual(["f__1"], dag["by_id"]["late"]["xcom_inputs"])
        self.assertIn("late", dag["by_id"]["f__1"]["downstream"])

    def test_all_dags_of_a_file(self):
        answer = extract_text(HEAD + """
import helper
with DAG("entered"):
    EmptyOperator(task_id="a")
held = DAG("held")
EmptyOperator(task_id="a", dag=held)
def make(name):
    with DAG(name, auto_register=False) as made:
        pass
make("lost")
@dag
def made(): pass
made()
from helper import other
""", {"helper.py": "from airflow.sdk import DAG\nother = DAG('other')\n"})
        self.assertEqual(["entered", "made", "held", "other"],
                         [dag["dag_id"] for dag in answer["dags"]])
        self.assertEqual("helper.py", answer["dags"][-1]["relative_fileloc"])
        self.assertEqual(["dag.py", "helper.py"], answer["files"])

    def test_params_without_default_and_of_wrong_kind(self):
        dag = one_dag(
            HEAD + 'DAG_ = DAG("d", params={"must": Param(type="string"), "t": Param((1, 2))})')
        self.assertEqual({"must": {"schema": {"type": "string"}},
                          "t": {"schema": {}, "value": [1, 2]}}, dag["params"])
        error = extract_text(HEAD + 'd = DAG("d", params={"when": dt.datetime(2024, 1, 1)})')[
            "error"]
        self.assertIn("param 'when' must be JSON", error["message"])

    def test_notes(self):
        answer = extract_text("from airflow.operators.bash import BashOperator\n" + HEAD + """
with DAG("d", params={"n": Param(0, type="integer", minimum=1)}):
    BashOperator(task_id="a", bash_command="true", email="x@y")
""")
        self.assertEqual(3, len(answer["warnings"]))
        self.assertEqual(
            "airflow.operators.bash is an old path; write "
            "airflow.providers.standard.operators.bash",
                         answer["warnings"][0])
        self.assertEqual(answer["warnings"], answer["dags"][0]["warnings"])


class Needs(unittest.TestCase):
    def needs(self, body, files=()):
        """What the body of a DAG needs in an environment without Jinja2 (or nothing, where it is
        installed)."""
        answer = extract_text(HEAD + "with DAG('d') as d:\n    " + body.replace("\n", "\n    "),
                              files)
        self.assertTrue(answer["ok"], answer)
        return answer

    @classmethod
    def setUpClass(cls):
        try:
            import jinja2  # noqa: F401
        except ImportError:
            return
        raise unittest.SkipTest("this interpreter has Jinja2")

    def test_templates(self):
        for body, wanted in (
                ('BashOperator(task_id="a", bash_command="echo {{ ds }}")', True),
                ('BashOperator(task_id="a", bash_command="echo", env={"A": "{% if 1 %}{% endif '
                 '%}"})', True),
                ('PythonOperator(task_id="a", python_callable=print, op_args=[{"k": ("{# c '
                 '#}",)}])', True),
                ('BashOperator(task_id="a", bash_command="run.sh")', True),
                ('PythonOperator(task_id="a", python_callable=print, op_args=["x.sql"], '
                 'templates_exts=[".sql"])', True),
                ('task.bash(lambda: "echo {{ ds }}", task_id="a")()', True),
                ('BashOperator(task_id="a", bash_command=literal("echo {{ ds }}"))', False),
                ('BashOperator(task_id="a", bash_command="echo run.sh ")', False),
                ('PythonOperator(task_id="a", python_callable=print, op_args=["x.sql", 5])', False),
                ('BashOperator(task_id="a", bash_command="echo", doc_md="{{ not a template }}")',
                 False)):
            with self.subTest(body):
                self.assertEqual(["jinja2"] if wanted else [], self.needs(body)["needs"])

    def test_template_files_are_listed(self):
        answer = self.needs('BashOperator(task_id="a", bash_command="sub/run.sh")',
                            {"sub/run.sh": "echo"})
        self.assertEqual(["dag.py", "sub/run.sh"], answer["files"])


class Errors(unittest.TestCase):
    def error(self, source, files=(), **request):
        answer = extract_text(source, files, **request)
        self.assertFalse(answer["ok"])
        return answer["error"]

    def test_place_is_the_users_own_line(self):
        found = self.error(HEAD + "import lib\nlib.go()\n",
                           {"lib.py": "def go():\n    from airflow.sdk import DAG\n    DAG('a "
                                      "b')\n"})
        self.assertEqual(("ValueError", "lib.py", 3), (found["type"], found["file"], found["line"]))
        self.assertEqual(['  File "dag.py", line 7, in <module>', '  File "lib.py", line 3, in go'],
                         [line for line in found["trace"].splitlines() if "File" in line])

    def test_chained_errors_keep_their_cause(self):
        found = self.error(
            "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('outer') from "
            "e\n")
        self.assertIn("ZeroDivisionError", found["trace"])
        self.assertEqual(("ValueError", 4), (found["type"], found["line"]))

    def test_missing_modules_name_the_line_to_add(self):
        for module, line in (("duckdb", "  - duckdb"), ("cv2", "  - opencv-python"),
                             ("sklearn.svm", "  - scikit-learn")):
            found = self.error(f"import {module}\n")
            self.assertIn(f"dependencies:\n{line}", found["hint"])
        self.assertIn("part of the project", self.error("import lib.none",
                                                        {"lib/__init__.py": ""})["hint"])

    def test_modules_of_airflow_that_are_not_here(self):
        found = self.error("from airflow.providers.amazon.aws.hooks.s3 import S3Hook\n")
        self.assertIn("call amazon from a @task", found["hint"])
        self.assertIn("airflow.sdk", self.error("import airflow.nowhere")["hint"])
        for line in ("from airflow.sensors.base import BaseSensorOperator",
                     "from airflow.triggers.base import BaseTrigger",
                     "from airflow.providers.standard.operators.latest_only import "
                     "LatestOnlyOperator", "from airflow.providers.standard.operators.hitl import "
                     "HITLOperator"):
            found = self.error(line)
            self.assertEqual("NotSupportedError", found["type"])
            self.assertIn(line.split()[1].rpartition(".")[0], found["message"])

    def test_stand_ins_may_be_named_but_not_used(self):
        body = HEAD + ("from airflow.sdk import AssetWatcher, BaseSensorOperator, setup\n"
                       "with DAG('d') as d: pass\n")
        self.assertTrue(extract_text(body)["ok"])
        self.assertTrue(
            extract_text(body + "class S(BaseSensorOperator): pass\n"
                                "def f(a: AssetWatcher): pass\n")["ok"])
        for use in ("AssetWatcher('x')", "@setup\ndef up(): pass",
                    "class S(BaseSensorOperator): pass\nS(task_id='a')",
                    "DAG('e', schedule=[AssetWatcher])",
                    "class T(BaseOperator):\n    def execute(self, c): self.defer(trigger=1)\n"
                    "T(task_id='x', dag=d)"):
            with self.subTest(use):
                self.assertFalse(extract_text(body + use)["ok"])

    def test_deferral_is_found_in_the_class(self):
        found = self.error(
            HEAD + "class T(BaseOperator):\n    def execute(self, c):\n        "
                   "self.defer(trigger=1)\n"
                           "with DAG('d'):\n    T(task_id='x')\n")
        self.assertIn("operator T: defer (deferral)", found["message"])

    def test_files_without_dags(self):
        self.assertIn("defines no DAG", self.error("x = 1\n")["message"])
        found = self.error(HEAD + "@dag\ndef never():\n    pass\n")
        self.assertIn("never() at the end", found["message"])
        self.assertEqual("dag.py", found["file"])

    def test_same_dag_id_twice_names_both(self):
        found = self.error(HEAD + "with DAG('x'): pass\nwith DAG('x'): pass\n")
        self.assertIn("'x' is defined twice: at dag.py line 6 and at dag.py line 7",
                      found["message"])

    def test_scheduled_dags_need_values(self):
        self.assertIn("needs a valid default for param 'n'", self.error(
            HEAD + "d = DAG('d', schedule='@daily', params={'n': Param(type='integer')})")[
                "message"])
        self.assertIn("start_date", self.error(
            HEAD + "d = DAG('d', schedule='@daily', catchup=True)")["message"])
        self.assertIn("fail_fast", self.error(
            HEAD + "with DAG('d', fail_fast=True): EmptyOperator(task_id='a', "
                   "trigger_rule='all_done')")["message"])

    def test_ending_the_interpreter(self):
        found = self.error("import sys\nsys.exit(4)\n")
        self.assertEqual(("SystemExit", "4", 2), (found["type"], found["message"], found["line"]))
        self.assertIn("__main__", found["hint"])

    def test_memory_is_bounded(self):
        found = self.error("x = bytearray(900_000_000)\n", memory_bytes_max=400_000_000)
        self.assertEqual("MemoryError", found["type"])
        self.assertIn("381 MiB", found["hint"])

    def test_recursion_and_odd_exceptions(self):
        self.assertEqual("RecursionError", self.error("def f(): f()\nf()\n")["type"])
        found = self.error(
            "class Odd(BaseException):\n    def __str__(self): return '\\ud800'\nraise Odd\n")
        self.assertEqual("Odd", found["type"])


class Process(unittest.TestCase):
    def test_output_of_the_file_is_no_part_of_the_answer(self):
        source = HEAD + """
import os, subprocess, sys, threading
print("to stdout")
os.write(1, b"raw\\n")
try:
    os.write(3, b"garbage")
except OSError:
    pass
subprocess.run(["sh", "-c", "echo child >&3"], stderr=subprocess.DEVNULL)
assert sys.stdin.read() == ""
threading.Thread(target=threading.Event().wait).start()
with DAG("d"): pass
"""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "dag.py")
            with open(path, "w", encoding="utf-8") as file:
                file.write(source)
            answer, printed = run_extractor(path)
            self.assertEqual(["dag.py"], os.listdir(folder))
        self.assertEqual(["d"], [dag["dag_id"] for dag in answer["dags"]])
        self.assertIn("to stdout", printed)
        self.assertIn("raw", printed)

    def test_packages_of_the_environment_are_found(self):
        with tempfile.TemporaryDirectory() as packages:
            with open(os.path.join(packages, "only_there.py"), "w", encoding="utf-8") as file:
                file.write("NAME = 'from_package'\n")
            answer = extract_text(HEAD + "from only_there import NAME\nwith DAG(NAME): pass\n",
                                  site_packages=[packages])
        self.assertEqual("from_package", answer["dags"][0]["dag_id"])

    def test_files_that_were_read_are_listed(self):
        answer = extract_text(HEAD + """
import os, pkg.part
open(os.path.join(os.path.dirname(__file__), "conf.json")).read()
with DAG("d"): pass
""", {"pkg/__init__.py": "", "pkg/part.py": "", "conf.json": "{}", "unread.txt": ""})
        self.assertEqual(["conf.json", "dag.py", "pkg/__init__.py", "pkg/part.py"], answer["files"])


if __name__ == "__main__":
    unittest.main()

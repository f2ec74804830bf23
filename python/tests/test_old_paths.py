# SPDX-License-Identifier: Apache-2.0
"""Old import paths: they work, and leave a note. Names of the surface are loaded when used."""
import os
import subprocess
import sys
import unittest

from authoring_support import HOME
from airflow.sdk import _scope

# import line, name, note (None: the path is fine)
PATHS = [
    ("from airflow import DAG", "DAG",
     "`from airflow import DAG` is an old path; write `from airflow.sdk import DAG`"),
    ("from airflow.decorators import task, dag, task_group", "task",
     "airflow.decorators is an old path; write airflow.sdk"),
    ("from airflow.models import DAG, Variable, Connection, BaseOperator, Param, XComArg",
     "Variable", "airflow.models is an old path; write airflow.sdk"),
    ("from airflow.models.param import Param, ParamsDict", "Param",
     "airflow.models.param is an old path; write airflow.sdk"),
    ("from airflow.models.baseoperator import BaseOperator, chain, cross_downstream", "chain",
     "airflow.models.baseoperator"),
    ("from airflow.models.dag import DAG", "DAG", "airflow.models.dag"),
    ("from airflow.operators.bash import BashOperator", "BashOperator",
     "airflow.operators.bash is an old path; write airflow.providers.standard.operators.bash"),
    ("from airflow.operators.python import PythonOperator, get_current_context", "PythonOperator",
     "airflow.operators.python"),
    ("from airflow.operators.empty import EmptyOperator", "EmptyOperator",
     "airflow.operators.empty"),
    ("from airflow.operators.dummy import DummyOperator", "DummyOperator",
     "airflow.operators.dummy"),
    ("from airflow.utils.trigger_rule import TriggerRule", "TriggerRule",
     "airflow.utils.trigger_rule"),
    ("from airflow.utils.task_group import TaskGroup", "TaskGroup", "airflow.utils.task_group"),
    ("from airflow.utils.dates import days_ago", "days_ago", "airflow.utils.dates is an old path"),
    ("from airflow.utils.state import State, DagRunState, TaskInstanceState", "State",
     "airflow.utils.state"),
    ("from airflow.utils.weight_rule import WeightRule", "WeightRule", "airflow.utils.weight_rule"),
    ("from airflow.utils.edgemodifier import Label", "Label", "airflow.utils.edgemodifier"),
    ("from airflow.utils.context import Context", "Context", "airflow.utils.context"),
    ("from airflow.utils.timezone import utcnow, datetime", "utcnow", "airflow.utils.timezone"),
    ("from airflow.utils.helpers import chain", "chain", "airflow.utils.helpers"),
    ("from airflow.hooks.base import BaseHook", "BaseHook", "airflow.hooks.base"),
    ("from airflow.macros import ds_add", "ds_add", "airflow.macros"),
    ("from airflow.configuration import conf", "conf", "airflow.configuration"),
    ("from airflow.timetables.trigger import CronTriggerTimetable", "CronTriggerTimetable",
     "airflow.timetables.trigger"),
    ("from airflow.timetables.interval import CronDataIntervalTimetable",
     "CronDataIntervalTimetable", "airflow.timetables.interval"),
    ("from airflow.timetables.events import EventsTimetable", "EventsTimetable",
     "airflow.timetables.events"),
    ("from airflow.exceptions import AirflowException, AirflowSkipException", "AirflowException",
     None),
    ("from airflow.sdk.bases.operator import BaseOperator", "BaseOperator", None),
    ("from airflow.sdk.definitions.context import Context", "Context", None),
    ("from airflow.sdk import conf, macros, timezone, get_parsing_context, get_current_context",
     "conf", None),
]


class OldPaths(unittest.TestCase):
    def test_names_and_notes(self):
        for line, name, note in PATHS:
            with self.subTest(line):
                _scope.begin()
                for module in [one for one in sys.modules
                               if one.startswith(("airflow.models", "airflow.operators",
                               "airflow.utils", "airflow.decorators", "airflow.hooks",
                                                  "airflow.macros",
                               "airflow.configuration", "airflow.timetables"))]:
                    del sys.modules[module]
                found = {}
                exec(line, found)
                self.assertIsNotNone(found[name])
                if note is None:
                    self.assertEqual([], _scope.notes)
                else:
                    self.assertTrue(_scope.notes[0].startswith(note), _scope.notes)

    def test_unknown_names_raise_import_errors(self):
        for line in ("from airflow.models import Nothing", "from airflow.sdk import Nothing",
                     "from airflow import Nothing", "import airflow.nowhere",
                     "import airflow.models.nowhere"):
            with self.subTest(line), self.assertRaises(ImportError):
                exec(line, {})

    def test_every_public_name_loads(self):
        import airflow.sdk
        for name in airflow.sdk.__all__:
            with self.subTest(name):
                self.assertIsNotNone(getattr(airflow.sdk, name))

    def test_timezone(self):
        import datetime as dt
        from airflow.sdk import timezone
        noon = dt.datetime(2024, 1, 2, 12, tzinfo=dt.timezone.utc)
        for text in ("2024-01-02T12:00:00Z", "2024-01-02T12:00:00", "2024-01-02T14:00:00+02:00"):
            self.assertEqual(noon, timezone.parse(text))
        self.assertEqual(noon, timezone.datetime(2024, 1, 2, 12))
        self.assertEqual(noon, timezone.make_aware(dt.datetime(2024, 1, 2, 12)))
        self.assertEqual(dt.datetime(2024, 1, 2, 12), timezone.make_naive(noon))

    def test_conf(self):
        from airflow.sdk import conf
        from airflow.sdk.exceptions import AirflowConfigException
        self.assertEqual((32, False, "x"), (conf.getint("core", "parallelism"),
                                            conf.getboolean("core", "load_examples"),
                         conf.get("no", "such", fallback="x")))
        with self.assertRaises(AirflowConfigException):
            conf.get("no", "such")
        os.environ["AIRFLOW__CORE__PARALLELISM"] = "many"
        self.addCleanup(os.environ.pop, "AIRFLOW__CORE__PARALLELISM")
        with self.assertRaisesRegex(AirflowConfigException, "not an integer"):
            conf.getint("core", "parallelism")

    def test_a_plain_dag_file_loads_little(self):
        script = ("import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules)\n"
                  "from airflow.sdk import DAG, task\n"
                  "with DAG('d', schedule='@daily'):\n    task(lambda: 1)() >> task(lambda: 2)()\n"
                  "new = set(sys.modules) - before\n"
                  "print(*sorted(new & {'re', 'inspect', 'typing', 'json', 'enum', 'dataclasses', "
                  "'logging', 'subprocess'}))\n"
                  "print(len(new))")
        heavy, count = subprocess.run([sys.executable, "-I", "-c", script, HOME],
                                      capture_output=True, text=True,
                                      check=True).stdout.split("\n")[:2]
        self.assertEqual("", heavy)
        self.assertLess(int(count), 45)


if __name__ == "__main__":
    unittest.main()

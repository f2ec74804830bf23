# SPDX-License-Identifier: Apache-2.0
"""The module logging in an interpreter of one attempt: ours from the moment of its import on, and
not imported for nothing."""

import os
import subprocess
import sys
import tempfile
import unittest

import harness

PACK = os.path.join(harness.PYTHON_ROOT, "leoflow", "pack.py")
SMALL = """
from airflow.sdk import dag, task

@dag(schedule=None)
def d():
    @task
    def small():
        import sys
        return sorted({"json", "logging", "re", "threading", "traceback"} & set(sys.modules))

    @task(do_xcom_push=False)
    def unspeakable():
        class Silent:
            def __str__(self):
                raise ValueError("no text")
        return Silent()

    small()
    unspeakable()

d()
"""
LOGGING = """
import importlib.util
looked_at = importlib.util.find_spec("logging").loader.get_filename()
import logging
from airflow.sdk import dag, task

assert logging.__file__ == looked_at
logging.getLogger("top").warning("while the file is read")

@dag(schedule=None)
def d():
    @task
    def small():
        import logging.handlers
        logging.getLogger("mine").info("a %s", "word")
        loader = logging.__loader__
        return [type(loader).__name__, logging.__spec__.loader is loader,
                [type(handler).__name__ for handler in logging.getLogger().handlers]]

    small()

d()
"""
OWN_LOG = """
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

class Loud(PythonOperator):
    @property
    def log(self):
        import logging
        return logging.getLogger("loud")

with DAG("d", schedule=None):
    Loud(task_id="small", python_callable=lambda: 7)
"""
DONE = {
    "level": "info",
    "logger": "airflow.task.operators.airflow.providers.standard.decorators.python."
    "_PythonDecoratedOperator",
}


class AwaitedLogging(unittest.TestCase):
    def run_task(self, source, task_id="small"):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        subprocess.run([sys.executable, "-I", "-S", PACK, folder.name], check=True)
        bundle = harness.Bundle(source, fake=False)
        self.addCleanup(bundle.close)
        template = os.path.join(folder.name, "leoflow", "template.py")
        agent = harness.Agent(once=True, template=template)
        self.addCleanup(agent.close)
        return agent.run(harness.start_frame(bundle.file, task_id=task_id))

    def test_a_small_task_imports_none_of_what_takes_long(self):
        result = self.run_task(SMALL)
        self.assertEqual([], result.xcoms["return_value"])
        (line,) = result.log
        self.assertEqual("Done. Returned value was: []", line["event"])
        self.assertEqual(DONE, {name: line[name] for name in DONE})
        self.assertRegex(line["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$")

    def test_an_operator_may_have_a_log_of_its_own(self):
        (line,) = self.run_task(OWN_LOG).log
        self.assertEqual(
            ("loud", "Done. Returned value was: 7"), (line["logger"], line["event"])
        )

    def test_what_has_no_text_is_told_as_logging_tells_it(self):
        result = self.run_task(SMALL, "unspeakable")
        self.assertEqual("succeeded", result.outcome["kind"])
        self.assertIn("ValueError: no text", result.err)

    def test_it_is_ours_wherever_it_is_imported(self):
        result = self.run_task(LOGGING)
        self.assertEqual(
            ["SourceFileLoader", True, ["LineHandler"]], result.xcoms["return_value"], result.err
        )
        told = [(line["logger"], line["event"]) for line in result.log]
        self.assertEqual(
            [("top", "while the file is read"), ("mine", "a word")], told[:2], result.err
        )
        self.assertTrue(told[2][1].startswith("Done."), told)


if __name__ == "__main__":
    unittest.main()

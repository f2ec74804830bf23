# SPDX-License-Identifier: Apache-2.0
"""Runs of DAGs with mapped tasks, an instance a process, for the tests of mapping."""

import os
import sys
import unittest

import harness

harness.add_site_packages()
sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import authoring_support  # noqa: E402

STATES = {"succeeded": "success", "failed": "failed", "skipped": "skipped"}
needs_jinja = unittest.skipUnless(
    harness.has_jinja(), f"jinja2 is not installed; name its folder in {harness.SITE_ENV}"
)


def names_in(source):
    """The tasks a SOURCE of dag.json names."""
    if isinstance(source, dict):
        return {name for one in source.get("zip") or source["concat"] for name in names_in(one)}
    return {source} if isinstance(source, str) else set()


class Run:
    """One run of a DAG: what its tasks pushed goes into the start frames of those after them."""

    def __init__(self, agent, file, dag, length_max=1024):
        self.agent, self.file, self.dag = agent, file, dag
        self.tasks = {task["task_id"]: task for task in dag["tasks"]}
        groups = dag.get("mapped_groups", {})
        self.group_of = {
            task_id: next((one for one in task.get("task_groups", ()) if one in groups), None)
            for task_id, task in self.tasks.items()
        }
        sources = [one for task in dag["tasks"] for one in task.get("expand", ())]
        sources += [one for group in groups.values() for one in group]
        self.mapped_over = {name for one in sources for name in names_in(one)}
        self.length_max = length_max

    def has_indexes(self, task_id):
        return "expand" in self.tasks[task_id] or self.group_of[task_id] is not None

    def start(self, task_id, map_index=-1, **over):
        """The start frame the agent would send."""
        xcoms = {
            one: self._input(one, task_id, map_index)
            for one in self.tasks[task_id].get("xcom_inputs", ())
        }
        if task_id in self.mapped_over and not self.has_indexes(task_id):
            over["map_length_max"] = self.length_max
        return harness.start_frame(
            self.file, dag_id=self.dag["dag_id"], task_id=task_id, map_index=map_index,
            **{"xcoms": xcoms, **over}
        )

    def _input(self, task_id, consumer, map_index):
        name = task_id, "return_value"
        if not self.has_indexes(task_id):
            return {"found": name in self.agent.xcoms, "value": self.agent.xcoms.get(name)}
        group = self.group_of[task_id]
        if group is not None and group == self.group_of[consumer]:
            value = self.agent.mapped.get(name, {}).get(map_index)
            return {"found": value is not None, "value": value}
        return self.agent.page(name)

    def attempt(self, task_id, map_index=-1, **over):
        """Runs one instance and keeps what it pushed, unless it failed."""
        result = self.agent.run(self.start(task_id, map_index, **over))
        for call in result.of("xcom_push") if result.outcome["kind"] != "failed" else ():
            name = task_id, call["key"]
            if map_index < 0:
                self.agent.xcoms[name] = call["value"]
            else:
                self.agent.mapped.setdefault(name, {})[map_index] = call["value"]
        return result

    def order(self):
        """Ids of the tasks, each after its upstream."""
        left, done = dict(self.tasks), []
        while left:
            waiting = {after for task in left.values() for after in task.get("downstream", ())}
            ready = [task_id for task_id in left if task_id not in waiting]
            done += ready
            for task_id in ready:
                del left[task_id]
        return done


class MappingTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.agent = harness.Agent()
        cls.addClassCleanup(cls.agent.close)

    def setUp(self):
        self.agent.xcoms.clear()
        self.agent.mapped.clear()
        self.agent.page_max = 1000

    def begin(self, text, **options):
        """A run of the only DAG of a file."""
        bundle = harness.Bundle(text, fake=False)
        self.addCleanup(bundle.close)
        answer, _ = authoring_support.run_extractor(bundle.file)
        self.assertTrue(answer["ok"], answer.get("error"))
        return Run(self.agent, bundle.file, answer["dags"][0], **options)

    def value(self, result):
        """What an attempt returned."""
        self.assertEqual("succeeded", result.outcome["kind"], result.outcome["reason"])
        return result.xcoms.get("return_value")


HEAD = """
import os, sys
from airflow.sdk import DAG, BaseOperator, XComArg, literal, task, task_group
from airflow.sdk.exceptions import AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator

def say(context):
    ti = context["ti"]
    known = context["dag"].get_task(ti.task_id)
    print(ti.task_id, ti.map_index, ti.state, context["task"] is known)
"""

# SPDX-License-Identifier: Apache-2.0
"""Every DAG of the conformance corpus: either its structure is what real Airflow recorded, or it is
refused by name."""
import unittest
from concurrent.futures import ThreadPoolExecutor

from authoring_support import cases, documented_keys, extract_corpus, golden

# case -> what the message has to name
REFUSED = {
    "branch_basic": "@task.branch", "branch_special": "@task.branch",
    "short_circuit": "@task.short_circuit",
    "latest_only": "LatestOnlyOperator", "setup_teardown_basic": "setup",
    "setup_fails": "as_teardown",
    "teardown_result": "as_teardown", "map_list_reduce": "partial", "map_cross": "expand",
    "map_kwargs": "expand_kwargs",
    "map_transform": "map", "map_empty": "expand", "map_group": "task group handle",
    "map_label": "expand",
    "sensors_basic": "sensors", "sensors_time": "sensors", "deferrable_basic": "sensors",
    "trigger_dagrun": "TriggerDagRunOperator",
    "external_sensor": "sensors",
}
TASK_DEFAULTS = {"owner": "airflow", "retries": 0, "retry_delay": 300, "doc_md": None,
                 "trigger_rule": "all_success", "priority_weight": 1, "weight_rule": "downstream"}
DAG_DEFAULTS = {"catchup": False, "max_active_runs": 16, "max_active_tasks": 16,
                "description": None, "doc_md": None, "start_date": None, "tags": [], "owners": []}


def task_field(task, name):
    if name == "downstream_task_ids":
        return task.get("downstream", [])
    if name == "is_mapped":
        return False
    if name == "retry_delay":
        return {"__type": "TimeDelta", "days": 0, "microseconds": 0, "seconds": task.get(name, 300)}
    return task.get(name, TASK_DEFAULTS.get(name))


def dag_field(dag, name):
    if name == "timetable_summary":
        return dag["schedule"].get("summary")
    if name == "params":
        return {key: param["value"] for key, param in dag["params"].items() if "value" in param}
    if name == "has_import_errors":
        return False
    return dag.get(name, DAG_DEFAULTS.get(name))


class Corpus(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cases = [case for case in cases()]
        with ThreadPoolExecutor(2) as pool:
            names = [case["name"] for case in cls.cases]
            cls.answers = dict(zip(names, pool.map(extract_corpus, names)))

    def test_structure_is_airflows(self):
        compared = 0
        for case in self.cases:
            name = case["name"]
            if name in REFUSED or "import_error" in case:
                continue
            with self.subTest(name):
                answer = self.answers[name]
                self.assertTrue(answer["ok"], answer.get("error"))
                self.assertEqual([], answer["warnings"])
                found = {dag["dag_id"]: dag for dag in answer["dags"]}
                self.assertEqual(sorted(case.get("dags", [name])), sorted(found))
                for wanted in golden(name)["dags"]:
                    self.compare(wanted, found[wanted["dag_id"]])
                    compared += 1
        self.assertGreater(compared, 55)

    def compare(self, wanted, dag):
        for field, value in wanted.get("dag", {}).items():
            self.assertEqual(value, dag_field(dag, field), field)
        tasks = {task["task_id"]: task for task in dag["tasks"]}
        self.assertEqual([task["task_id"] for task in wanted["tasks"]], sorted(tasks))
        for task in wanted["tasks"]:
            for field, value in task.items():
                self.assertEqual(value, task_field(tasks[task["task_id"]], field),
                                 f"{task['task_id']}.{field}")

    def test_other_features_are_refused_by_name(self):
        for name, feature in REFUSED.items():
            with self.subTest(name):
                answer = self.answers[name]
                self.assertFalse(answer["ok"])
                error = answer["error"]
                self.assertEqual("NotSupportedError", error["type"])
                self.assertIn(feature, error["message"])
                self.assertIn("is not supported by Leoflow", error["message"])
                self.assertEqual(f"{name}.py", error["file"])
                self.assertGreater(error["line"], 1)
                self.assertTrue(error["hint"])

    def test_broken_files_give_the_recorded_text(self):
        for case in self.cases:
            if "import_error" not in case:
                continue
            with self.subTest(case["name"]):
                answer = self.answers[case["name"]]
                self.assertFalse(answer["ok"])
                self.assertTrue(any(text in answer["error"]["trace"]
                                    for text in case["import_error"]["substring"]))
                self.assertEqual(f"{case['name']}.py", answer["error"]["file"])
                self.assertIsInstance(answer["error"]["line"], int)

    def test_only_documented_keys_are_written(self):
        known = documented_keys()
        for answer in self.answers.values():
            for dag in answer.get("dags", ()):
                found = {*dag, *dag["schedule"], *(key for task in dag["tasks"] for key in task),
                         *(key for param in dag["params"].values() for key in param)}
                self.assertEqual(set(), found - known)

    def test_max_tries_follow_retries(self):
        (dag,) = self.answers["retries_basic"]["dags"]
        retries = {task["task_id"]: task.get("retries", 0) for task in dag["tasks"]}
        for instance in golden("retries_basic")["dags"][0]["runs"][0]["task_instances"]:
            self.assertEqual(instance["max_tries"], retries[instance["task_id"]])

    def test_schedules_of_the_corpus(self):
        found = {dag["dag_id"]: dag["schedule"] for dag in self.answers["sched_next"]["dags"]}
        self.assertEqual({"kind": "cron_trigger", "crons": ["0 9 * * *"],
                          "timezone": "Europe/Berlin", "interval": 7200, "summary": "0 9 * * *"},
                         found["sched_next_trigger_interval"])
        self.assertEqual("Europe/Lisbon", found["sched_next_zone"]["timezone"])
        self.assertEqual({"kind": "multiple_cron_trigger", "crons": ["0 5 * * *", "30 3 * * 0"],
                          "summary": "0 5 * * *, 30 3 * * 0"}, found["sched_next_multi"])
        self.assertEqual({"kind": "delta_interval", "delta": 5400, "summary": "1:30:00"},
                         found["sched_next_delta_interval"])
        self.assertEqual("once", found["sched_next_once"]["kind"])


if __name__ == "__main__":
    unittest.main()

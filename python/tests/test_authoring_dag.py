# SPDX-License-Identifier: Apache-2.0
"""DAG, @dag and the arguments of operators."""
import datetime as dt
import unittest
from zoneinfo import ZoneInfo

import authoring_support  # noqa: F401  puts the surface on the path
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import (DAG, BaseOperator, CronTriggerTimetable, EventsTimetable, Param,
                         TriggerRule, WeightRule, dag, task)
from airflow.sdk import _scope
from airflow.sdk.exceptions import (AirflowException, AirflowTimetableInvalid, DuplicateTaskIdFound,
                                    NotSupportedError, TaskNotFound)

UTC = dt.timezone.utc


class Case(unittest.TestCase):
    def setUp(self):
        _scope.begin()

    def refuses(self, kind, text, call, *args, **kwargs):
        with self.assertRaises(kind) as caught:
            call(*args, **kwargs)
        self.assertIn(text, str(caught.exception))


class DagArguments(Case):
    def test_defaults_are_airflows(self):
        one = DAG("d")
        self.assertEqual((16, 16, 0, False, None), (one.max_active_tasks, one.max_active_runs,
                         one.max_consecutive_failed_dag_runs, one.catchup, one.schedule))
        self.assertEqual("d", one.dag_display_name)
        self.assertEqual(UTC, one.timezone)

    def test_unknown_argument_is_a_type_error(self):
        self.refuses(TypeError, "schedul", DAG, "d", schedul=None)
        self.refuses(TypeError, "use schedule", DAG, "d", schedule_interval="@daily")

    def test_ids_are_checked(self):
        self.refuses(ValueError, "alphanumeric", DAG, "a b")
        self.refuses(ValueError, "250", DAG, "x" * 251)
        self.refuses(TypeError, "string", DAG, 5)
        self.assertEqual("zürich-1.2_3", DAG("zürich-1.2_3").dag_id)

    def test_each_argument_is_typed(self):
        for name, wrong in {"description": 1, "start_date": "2024-01-01", "default_args": [],
                            "max_active_tasks": "4", "max_active_runs": 0, "dagrun_timeout": 5,
                            "tags": "a", "params": [1], "schedule": 4, "on_failure_callback": "x",
                            "user_defined_macros": [], "is_paused_upon_creation": 1,
                            "template_searchpath": 4,
                            "max_consecutive_failed_dag_runs": -1}.items():
            with self.subTest(name), self.assertRaises((TypeError, ValueError)):
                DAG("d", **{name: wrong})

    def test_dates_get_a_zone(self):
        one = DAG("d", start_date=dt.datetime(2024, 1, 1))
        self.assertEqual(UTC, one.start_date.tzinfo)
        lisbon = DAG("d", schedule="0 3 * * *",
                     start_date=dt.datetime(2024, 1, 1, tzinfo=ZoneInfo("Europe/Lisbon")))
        self.assertEqual("Europe/Lisbon", lisbon.timetable.timezone)
        from_defaults = DAG("d", default_args={"start_date": dt.datetime(2024, 5, 5)})
        self.assertEqual(dt.datetime(2024, 5, 5, tzinfo=UTC), from_defaults.start_date)

    def test_schedules_become_timetables(self):
        for schedule, kind, summary in ((None, "none", None),
                                        ("@daily", "cron_trigger", "0 0 * * *"),
                                        ("@once", "once", "@once"),
                                        (dt.timedelta(hours=7), "delta_trigger", "7:00:00")):
            one = DAG("d", schedule=schedule).timetable
            self.assertEqual((kind, summary), (one.spec()["kind"], one.summary))
        self.refuses(ValueError, "@dayly", DAG, "d", schedule="@dayly")
        self.refuses(AirflowTimetableInvalid, "five fields", DAG, "d", schedule="* * *")
        self.refuses(AirflowTimetableInvalid, "max_active_runs=1", DAG, "d", schedule="@continuous")
        self.assertEqual("continuous", DAG("d", schedule="@continuous",
                                           max_active_runs=1).timetable.spec()["kind"])

    def test_timetables_keep_their_settings(self):
        spec = CronTriggerTimetable("0 1 * * *",
                                    timezone=dt.timezone(dt.timedelta(hours=-3, minutes=-30)),
                                    run_immediately=dt.timedelta(minutes=9)).spec()
        self.assertEqual(("-03:30", "window", 540),
                         (spec["timezone"], spec["run_immediately"], spec["immediately_window"]))
        events = EventsTimetable([dt.datetime(2024, 5, 2), dt.datetime(2024, 5, 1, tzinfo=UTC)],
                                 restrict_to_events=True)
        self.assertEqual(["2024-05-01T00:00:00+00:00", "2024-05-02T00:00:00+00:00"],
                         events.spec()["events"])
        self.assertEqual("2 events", events.summary)
        self.refuses(ValueError, "Mars/Base", CronTriggerTimetable, "0 1 * * *",
                     timezone="Mars/Base")

    def test_ignored_and_refused_arguments_are_named(self):
        DAG("d", access_control={"r": {"can_read"}})
        self.assertIn("access_control of DAG 'd' is ignored", _scope.notes[0])
        self.refuses(NotSupportedError, "deadline", DAG, "d", deadline=object())

    def test_dag_knows_its_tasks(self):
        with DAG("d") as one:
            a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
            a >> b
        self.assertEqual(([a], [b], ["a", "b"]), (one.roots, one.leaves, one.task_ids))
        self.assertIs(a, one.get_task("a"))
        self.refuses(TaskNotFound, "zzz", one.get_task, "zzz")
        self.assertTrue(one.fileloc.endswith("test_authoring_dag.py"))
        self.assertEqual([a, b], one.topological_sort())


class DagDecorator(Case):
    def test_arguments_become_params_and_doc_the_documentation(self):
        @dag(schedule=None, params={"extra": 1})
        def made(city: str = "Porto", *, times=2):
            """Says

            hello."""
            self.seen = city

            @task
            def use(value):
                return value
            use(city)

        one = made(times=5)
        self.assertEqual({"extra": 1, "city": "Porto", "times": 5}, one.params.dump())
        self.assertEqual("Says\n\nhello.", one.doc_md)
        self.assertEqual("made", one.dag_id)
        self.assertEqual("Rome", self.seen.resolve({"params": {"city": "Rome"}}))
        self.assertEqual([one], _scope.registered)

    def test_wrong_calls_raise(self):
        @dag
        def strict(needed):
            pass

        self.refuses(TypeError, "needed", strict)
        self.refuses(TypeError, "other", strict, 1, other=2)
        self.assertEqual({"needed": 1}, strict(1).params.dump())


class OperatorArguments(Case):
    def test_unknown_and_positional_arguments_raise(self):
        self.refuses(TypeError, "colour", EmptyOperator, task_id="a", colour="red")
        self.refuses(TypeError, "keyword arguments", EmptyOperator, "a")
        self.refuses(TypeError, "bash_command", BashOperator, task_id="a")
        self.refuses(TypeError, "task_id", EmptyOperator)

    def test_values_are_checked(self):
        for name, wrong in {"retries": -1, "trigger_rule": "some", "weight_rule": "up",
                            "pool_slots": 0, "owner": 4, "execution_timeout": 5,
                            "retry_delay": "1s", "priority_weight": "2", "start_date": "now",
                            "on_retry_callback": 3, "max_active_tis_per_dag": 0}.items():
            with self.subTest(name), self.assertRaises((TypeError, ValueError)) as caught:
                EmptyOperator(task_id="a", **{name: wrong})
            self.assertIn("a", str(caught.exception))

    def test_values_are_normalised(self):
        def hook(context):
            self.hooked = context
        one = EmptyOperator(task_id="a", retry_delay=90, retry_exponential_backoff=True,
                            trigger_rule=TriggerRule.ALL_DONE, weight_rule=WeightRule.ABSOLUTE,
                            on_failure_callback=hook, pre_execute=hook, wait_for_downstream=True,
                            start_date=dt.datetime(2024, 1, 1))
        self.assertEqual((dt.timedelta(seconds=90), 2.0, "all_done", "absolute", [hook]),
                         (one.retry_delay,
                         one.retry_exponential_backoff, one.trigger_rule, one.weight_rule,
                          one.on_failure_callback))
        self.assertTrue(one.depends_on_past)
        self.assertEqual(UTC, one.start_date.tzinfo)
        one.pre_execute("ctx")
        self.assertEqual("ctx", self.hooked)

    def test_default_args_reach_own_and_common_arguments(self):
        with DAG("d", default_args={"retries": 2, "bash_command": "true", "cwd": "/",
                                    "unrelated": 1}):
            one = BashOperator(task_id="a", retries=1)
            two = BashOperator(task_id="b", default_args={"retries": 5})
        self.assertEqual(("true", "/", 1, 5), (one.bash_command, one.cwd, one.retries, two.retries))

    def test_default_args_reach_arguments_of_base_classes(self):
        class Mine(BashOperator):
            def __init__(self, *, colour, **kwargs):
                super().__init__(bash_command=f"echo {colour}", **kwargs)

        with DAG("d", default_args={"colour": "red", "cwd": "/", "owner": "me"}):
            one = Mine(task_id="a")
        self.assertEqual(("echo red", "/", "me"), (one.bash_command, one.cwd, one.owner))

    def test_wrong_default_args_name_their_place(self):
        self.refuses(TypeError, "default_args of d: retries", DAG, "d",
                     default_args={"retries": "many"})

    def test_duplicate_ids_raise(self):
        with DAG("d"):
            EmptyOperator(task_id="twin")
            self.refuses(DuplicateTaskIdFound, "twin", EmptyOperator, task_id="twin")

    def test_tasks_can_join_a_dag_later(self):
        a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
        self.refuses(AirflowException, "don't have DAGs", a.__rshift__, b)
        one = DAG("d")
        a.dag = one
        a >> b
        self.assertEqual(["a", "b"], one.task_ids)
        self.refuses(AirflowException, "can not be changed", setattr, a, "dag", DAG("e"))
        self.assertIs(one, EmptyOperator(task_id="c", dag=one).dag)

    def test_params_of_a_task_overlay_the_dags(self):
        with DAG("d", params={"a": 1, "b": Param(2, type="integer")}):
            one = EmptyOperator(task_id="a", params={"b": 5, "c": 6})
        self.assertEqual({"a": 1, "b": 5, "c": 6}, one.params.dump())
        self.assertEqual({"b": 5, "c": 6}, one._own_params.dump())

    def test_refused_arguments_are_named(self):
        for name in ("run_as_user", "deferrable"):
            with self.subTest(name):
                self.refuses(NotSupportedError, name, EmptyOperator, task_id="a", **{name: ["x"]})
        self.refuses(NotSupportedError, "partial", BashOperator.partial, task_id="a")
        EmptyOperator(task_id="a", executor_config={"x": 1})
        self.assertIn("executor_config is ignored", _scope.notes[0])

    def test_own_operator_that_forgets_its_base(self):
        class Forgetful(BaseOperator):
            def __init__(self, **kwargs):
                pass
        self.refuses(TypeError, "super().__init__", Forgetful, task_id="a")

    def test_python_callable_has_to_be_callable(self):
        self.refuses(TypeError, "must be callable", PythonOperator, task_id="a", python_callable=5)


if __name__ == "__main__":
    unittest.main()

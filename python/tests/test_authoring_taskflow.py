# SPDX-License-Identifier: Apache-2.0
"""@task, its results as arguments, and how calls are checked."""
import functools
import unittest
from typing import Dict, Optional, TypedDict

from authoring_support import edges
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, BaseOperator, TaskGroup, XComArg, literal, task
from airflow.sdk import _scope
from airflow.sdk._decorators import returns_mapping
from airflow.sdk.exceptions import NotSupportedError


class Instance:
    """A task instance that holds XComs."""

    def __init__(self, values):
        self.values = values

    def xcom_pull(self, task_ids, key):
        return self.values.get((task_ids, key))


class Case(unittest.TestCase):
    def setUp(self):
        _scope.begin()


class Calls(Case):
    def test_forms_of_the_decorator(self):
        with DAG("d", schedule=None) as dag:
            def plain():
                """Doc."""
            task(plain)(), task()(plain)(), task.python(plain)(), task(retries=3,
                                                                       task_id="other")(plain)()
            task(lambda: 1)()
        self.assertEqual(["plain", "plain__1", "plain__2", "other", "unnamed_lambda"], dag.task_ids)
        self.assertEqual((3, "Doc."), (dag.get_task("other").retries, dag.get_task("other").doc_md))
        with self.assertRaisesRegex(TypeError, "No args allowed"):
            task("x")

    def test_explicit_documentation_wins(self):
        @task(doc="mine")
        def documented():
            """Not this."""
        with DAG("d"):
            self.assertIsNone(documented().operator.doc_md)

    def test_suffixes_per_dag_and_group(self):
        @task
        def t():
            pass
        with DAG("one") as one:
            t(), t.override(task_id="t__7")(), t()
            with TaskGroup("g"):
                t(), t()
            t.override(task_id="t__7")()
        with DAG("two") as two:
            t()
        self.assertEqual(["t", "t__7", "t__8", "g.t", "g.t__1", "t__9"], one.task_ids)
        self.assertEqual(["t"], two.task_ids)

    def test_calls_are_checked_at_once(self):
        @task
        def f(a, b=1, /, c=2, *, d, ti=None, **kwargs):
            pass

        @task
        def g(a, logical_date, *rest, e):
            pass
        with DAG("d"):
            f(1, d=2), f(1, 2, 3, d=4, more=5), g(1, e=1), g(1, 2, 3, 4, e=1)
            for call, text in ((lambda: f(1), "'d'"), (lambda: f(d=1), "'a'"),
                               (lambda: f(1, 2, 3, 4, d=1), "positional"),
                               (lambda: f(1, 2, 3, c=1, d=1), "multiple values"),
                               (lambda: g(1), "'e'"),
                               (lambda: g(1, e=1, x=1), "unexpected keyword"),
                               (lambda: g(e=1), "'a'")):
                with self.assertRaisesRegex(TypeError, text):
                    call()

    def test_context_names_need_the_default_none(self):
        with self.assertRaisesRegex(ValueError, "Context key parameter ds"):
            @task
            def wrong(ds="2024"):
                pass

    def test_other_callables(self):
        class Callable:
            def __call__(self, a):
                return a
        with DAG("d"):
            operator = task(task_id="p")(functools.partial(max, 1))(2).operator
            self.assertEqual((2,), operator.op_args)
            with self.assertRaisesRegex(TypeError, "'a'"):
                task(task_id="c")(Callable())()

    def test_methods_are_refused(self):
        with self.assertRaisesRegex(TypeError, "does not support methods"):
            class Some:
                @task
                def method(self):
                    pass

    def test_default_args_fill_parameters(self):
        @task
        def f(a, colour, size=1):
            pass
        with DAG("d", default_args={"colour": "red", "size": 9}):
            self.assertEqual({"colour": "red", "size": 9}, f(1).operator.op_kwargs)
            self.assertEqual({"colour": "blue", "size": 9}, f(1, colour="blue").operator.op_kwargs)

    def test_multiple_outputs_from_the_annotation(self):
        class Typed(TypedDict):
            a: int

        def none(): ...
        def builtin() -> dict: ...
        def generic() -> dict[str, int]: ...
        def old() -> Dict[str, int]: ...
        def typed() -> Typed: ...
        def text() -> "dict[str, int]": ...
        def unknown() -> "NotThere": ...  # noqa: F821
        def maybe() -> Optional[dict]: ...
        found = [function.__name__ for function in (none, builtin, generic, old, typed, text,
                                                    unknown, maybe)
                 if returns_mapping(function)]
        self.assertEqual(["builtin", "generic", "old", "typed", "text"], found)
        with DAG("d"):
            self.assertTrue(task(generic)().operator.multiple_outputs)
            self.assertFalse(task(multiple_outputs=False)(generic)().operator.multiple_outputs)

    def test_features_that_are_refused(self):
        @task
        def f(a):
            pass
        with DAG("d"):
            result = f(1)
            for call, name in ((lambda: result.as_setup(), "as_setup"),
                               (lambda: result.operator.as_teardown(), "as_teardown"),
                               (lambda: task.virtualenv(f), "virtualenv"),
                               (lambda: task.sensor, "sensor"),
                               (lambda: task.short_circuit, "short_circuit"),
                               (lambda: task.anything, "anything")):
                with self.assertRaises(NotSupportedError) as caught:
                    call()
                self.assertIn(name, str(caught.exception))


class Results(Case):
    def test_edges_from_nested_arguments(self):
        @task
        def f(*args, **kwargs):
            pass
        with DAG("d") as dag:
            a, b, c = f(), f(), f()
            f([a, {"x": (b, {"deep"})}], k={"y": [c["part"]]})
            BashOperator(task_id="shell", bash_command=a, env={"X": b})
            PythonOperator(task_id="op", python_callable=print, op_args=[c],
                           templates_dict={"t": a})
        self.assertEqual({"f>f__3", "f__1>f__3", "f__2>f__3", "f>shell", "f__1>shell", "f__2>op",
                          "f>op"}, edges(dag))

    def test_resolve(self):
        with DAG("d"):
            operator = BaseOperator(task_id="a")
        context = {"ti": Instance({("a", "return_value"): 5, ("a", "k"): 6})}
        self.assertEqual(5, operator.output.resolve(context))
        self.assertEqual(6, operator.output["k"].resolve(context))
        self.assertEqual(6, XComArg(operator, "k").resolve(context))
        self.assertIsNone(operator.output["none"].resolve(context))
        self.assertEqual("{{ x }}", literal("{{ x }}").resolve(context))

    def test_results_are_not_values_yet(self):
        with DAG("d"):
            result = BaseOperator(task_id="a").output
        with self.assertRaisesRegex(TypeError, "not iterable"):
            list(result)
        with self.assertRaisesRegex(ValueError, "str lookup"):
            result[0]
        self.assertEqual(
            "x {{ task_instance.xcom_pull(task_ids='a', dag_id='d', key='return_value') }}",
            f"x {result}")
        self.assertEqual(result, BaseOperator.output.fget(result.operator))

    def test_results_draw_edges(self):
        @task
        def f():
            pass
        with DAG("d") as dag:
            a, b, c = f(), f(), f()
            [a, b] >> c
            b << a
        self.assertEqual({"f>f__2", "f__1>f__2", "f>f__1"}, edges(dag))

    def test_an_operator_is_no_argument(self):
        with DAG("d"):
            a = BaseOperator(task_id="a")
            with self.assertRaisesRegex(TypeError, "a.output"):
                PythonOperator(task_id="b", python_callable=print, op_args=[a])


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""Dynamic task mapping as it is written: what is made, what dag.json says, and what is refused."""
import unittest
from datetime import timedelta
from importlib.util import find_spec

from authoring_support import edges, extract_text, one_dag
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import (DAG, BaseOperator, Label, TaskGroup, XComArg, chain, task, task_group)
from airflow.sdk import _scope
from airflow.sdk.exceptions import (AirflowException, DuplicateTaskIdFound,
                                    FailFastDagInvalidTriggerRule, NotSupportedError)
from leoflow.authoring import checks, document


@task
def f(a, b=1, *, ti=None):
    """Documented."""


@task
def give():
    return []


@task_group
def pair(x, y=2):
    """Two."""
    return f(f(x), b=y)


class Greet(BaseOperator):
    template_fields = ("text",)
    seen = []

    def __init__(self, *, text, tone="plain", **kwargs):
        super().__init__(**kwargs)
        self.seen.append(text)
        self.text, self.tone = text, tone


class Case(unittest.TestCase):
    def setUp(self):
        _scope.begin()
        self.addCleanup(_scope.begin)

    def refuses(self, kind, text, call):
        with self.assertRaisesRegex(kind, text):
            call()

    def written(self, dag):
        """The tasks of the dag.json by id."""
        found = document.document(dag, "/", __file__, ())
        return {one["task_id"]: one for one in found["tasks"]}, found.get("mapped_groups")


class Tasks(Case):
    def test_a_mapped_function_is_a_task_like_any(self):
        with DAG("d", default_args={"owner": "me", "retries": 4, "pool": "p"}) as dag:
            @task(retries=2, trigger_rule="all_done", map_index_template="{{ a }}",
                  max_active_tis_per_dag=3, on_failure_callback=print)
            def step(a) -> dict:
                """Steps."""
            result = step.expand(a=[1, 2])
        self.assertIsInstance(result, XComArg)
        one = result.operator
        self.assertIs(one, dag.get_task("step"))
        self.assertEqual(
            (True, "step", "me", 2, "p", "all_done", "{{ a }}", 3, [print], "Steps.", True),
            (one.is_mapped, one.label, one.owner, one.retries, one.pool, one.trigger_rule,
             one.map_index_template, one.max_active_tis_per_dag, one.on_failure_callback,
             one.doc_md, one.multiple_outputs))
        self.assertEqual("@task", one.operator_name)
        self.assertFalse(f.operator_class.is_mapped)

    def test_a_mapped_operator_is_not_initialised(self):
        Greet.seen.clear()
        with DAG("d", default_args={"text": "from defaults"}):
            one = Greet.partial(task_id="g", retry_delay=60, tone="loud").expand(text=["a"])
            Greet.partial(task_id="filled").expand(tone=["x"])
        self.assertIsInstance(one, Greet)
        self.assertEqual(([], timedelta(seconds=60)), (Greet.seen, one.retry_delay))
        self.assertEqual(one.output, XComArg(one))

    def test_ids_are_unique_as_ever(self):
        with DAG("d") as dag:
            f.expand(a=[1]), f.expand(a=[1]), f.override(task_id="other").expand(a=[1]), f(1)
            with TaskGroup("g"):
                f.partial(b=2).expand(a=[1])
                BashOperator.partial(task_id="b").expand(bash_command=["x"])
            self.refuses(DuplicateTaskIdFound, "'f'",
                         lambda: BashOperator.partial(task_id="f").expand(bash_command=["x"]))
        self.assertEqual(["f", "f__1", "other", "f__2", "g.f", "g.b"], dag.task_ids)

    def test_a_partial_serves_again_and_takes_more(self):
        with DAG("d") as dag:
            half = f.partial(b=2)
            half.expand(a=[1])
            half.override(task_id="again", retries=3).expand(a=[1])
            f.partial().partial(b=1).expand(a=[1])
        self.assertEqual(["f", "again", "f__1"], dag.task_ids)
        self.assertEqual(3, dag.get_task("again").retries)

    def test_an_operator_belongs_where_partial_was_called(self):
        with DAG("d") as dag:
            with TaskGroup("g"):
                half = BashOperator.partial(task_id="b")
            half.expand(bash_command=["x"])
            late = BashOperator.partial(task_id="c", dag=dag)
        late.expand(bash_command=["x"])
        outside = BashOperator.partial(task_id="e")
        with dag:
            outside.expand(bash_command=["x"])
        self.assertEqual(["g.b", "c", "e"], dag.task_ids)
        self.refuses(AirflowException, "outside of a DAG", lambda: f.expand(a=[1]))

    def test_arrows(self):
        with DAG("d") as dag:
            start, end = EmptyOperator(task_id="start"), EmptyOperator(task_id="end")
            one = BashOperator.partial(task_id="one").expand(bash_command=["x"])
            two = f.expand(a=give())
            start >> one >> Label("then") >> two >> end
            chain(start, [one, two], end)
            f.override(task_id="static").partial(b=[two, give()]).expand(a=[one.output])
            BashOperator.partial(task_id="env", env={"X": two}, append_env=give()).expand(
                bash_command=["x"])
        self.assertEqual(
            {"start>one", "one>f", "give>f", "f>end", "start>f", "one>end", "f>static",
             "give__1>static", "one>static", "f>env"}, edges(dag))
        self.assertEqual({"one": {"f": {"label": "then"}}}, dag.edge_info)
        self.assertEqual(["start", "give", "give__1", "give__2"],
                         [one.task_id for one in dag.roots])

    def test_results_of_results(self):
        with DAG("d") as dag:
            a, b = give(), give()
            both = a.zip(b).map(str).concat(b)
            f(both), f.expand(a=both), f([{"deep": a.map(len)}])
            both >> EmptyOperator(task_id="after")
            EmptyOperator(task_id="before") >> a.map(str)
        self.assertEqual(
            {"give>f", "give__1>f", "give>f__1", "give__1>f__1", "give>f__2", "give>after",
             "give__1>after", "before>give"}, edges(dag))
        tasks, _ = self.written(dag)
        self.assertEqual(["give", "give__1"], tasks["f"]["xcom_inputs"])
        self.assertEqual([{"concat": [{"zip": ["give", "give__1"], "fill": False}, "give__1"]}],
                         tasks["f__1"]["expand"])


class Written(Case):
    def test_what_a_mapped_task_says(self):
        with DAG("d", default_args={"retries": 2}) as dag:
            @task.bash(cwd="/tmp")
            def shell(word, n): ...
            shell.partial(n=give()).expand(word=["a", "b"])
            BashOperator.partial(task_id="b", env={"A": give()}).expand_kwargs(
                give().map(lambda x: {"bash_command": x}))
            PythonOperator.partial(task_id="p", python_callable=print).expand(
                op_args=[[1], give()], op_kwargs={"x": 1})
            f.expand(a=give().zip(give(), fillvalue=None), b={"x": 1, "y": 2})
            f.expand(a=range(3), b=(1, 2, 3, 4))
        tasks, groups = self.written(dag)
        self.assertIsNone(groups)
        names = ("operator_name", "operator_module", "expand", "xcom_inputs", "retries",
                 "template_fields")
        home = "airflow.providers.standard"
        self.assertEqual(
            {"shell": ("_BashDecoratedOperator", f"{home}.decorators.bash", [2], ["give"], 2,
                       ["op_args", "op_kwargs", "bash_command", "env", "cwd"]),
             "b": ("BashOperator", f"{home}.operators.bash", ["give__2"], ["give__1", "give__2"],
                   2, ["bash_command", "env", "cwd"]),
             "p": ("PythonOperator", f"{home}.operators.python", [2, 1], ["give__3"], 2,
                   ["templates_dict", "op_args", "op_kwargs"]),
             "f": ("_PythonDecoratedOperator", f"{home}.decorators.python",
                   [{"zip": ["give__4", "give__5"], "fill": True}, 2], ["give__4", "give__5"], 2,
                   ["templates_dict", "op_args", "op_kwargs"]),
             "f__1": ("_PythonDecoratedOperator", f"{home}.decorators.python", [3, 4], None, 2,
                      ["templates_dict", "op_args", "op_kwargs"])},
            {name: tuple(one.get(key) for key in names) for name, one in tasks.items()
             if "expand" in one})

    def test_a_mapped_empty_operator_needs_no_process(self):
        with DAG("d") as dag:
            EmptyOperator.partial(task_id="e").expand(params=[{"a": 1}, {"a": 2}])
            EmptyOperator.partial(task_id="c", on_success_callback=print).expand(params=[{}])
        tasks, _ = self.written(dag)
        self.assertTrue(tasks["e"]["inline_success"])
        self.assertNotIn("inline_success", tasks["c"])

    def test_a_file_without_mapping_loads_none_of_it(self):
        answer = extract_text("""
            import sys
            from airflow.sdk import DAG, task, task_group
            with DAG("d"):
                @task
                def t(x): pass
                @task_group
                def g(): t(t(1))
                g()
            assert not [name for name in sys.modules if name.endswith(("_mapping", "_combined"))]
            """)
        self.assertTrue(answer["ok"], answer.get("error"))

    @unittest.skipIf(find_spec("jinja2"), "this interpreter has Jinja2")
    def test_jinja_is_needed_for_what_is_rendered(self):
        def needs(text):
            answer = extract_text(f"""
                from airflow.sdk import DAG, task
                from airflow.providers.standard.operators.bash import BashOperator
                with DAG("d"):
                    @task
                    def t(x, y=1): return []
                    {text}
                """)
            self.assertTrue(answer["ok"], answer.get("error"))
            return answer["needs"]
        for text, wanted in (
                ("t.expand(x=['{{ ds }}'])", True), ("t.partial(y='{{ ds }}').expand(x=[1])", True),
                ("t.expand_kwargs([{'x': ['{{ ds }}']}])", True), ("t.expand(x=['plain'])", False),
                ("t.override(map_index_template='{{ x }}').expand(x=[1])", True),
                ("BashOperator.partial(task_id='b').expand(bash_command=['x.sh'])", True),
                ("BashOperator.partial(task_id='b', output_encoding='{{ x }}')"
                 ".expand(bash_command=['x'])", False)):
            with self.subTest(text):
                self.assertEqual(["jinja2"] if wanted else [], needs(text))


class Groups(Case):
    def test_a_mapped_group(self):
        with DAG("d") as dag:
            source, other = give(), give()

            @task_group(default_args={"retries": 4})
            def outer(name, extra, z=3):
                first = f(1)
                with TaskGroup("inner"):
                    last = f(name, b=first)
                f(extra)
                return last

            last = outer.partial(extra=other).expand(name=source, z=[1, 2])
            f.override(task_id="after")(last)
        self.assertEqual("outer.inner.f", last.operator.task_id)
        # Those that nothing in the group precedes follow the source; the others that use the
        # argument need its XCom too.
        self.assertEqual(
            {"give>outer.f", "give>outer.f__1", "give>outer.inner.f", "give__1>outer.f__1",
             "outer.f>outer.inner.f", "outer.inner.f>after"}, edges(dag))
        tasks, groups = self.written(dag)
        self.assertEqual({"outer": ["give", 2]}, groups)
        self.assertEqual(["outer", "outer.inner"], tasks["outer.inner.f"]["task_groups"])
        self.assertEqual(["give", "outer.f"], tasks["outer.inner.f"]["xcom_inputs"])
        self.assertEqual(["outer.inner.f"], tasks["after"]["xcom_inputs"])
        self.assertEqual([], [name for name, one in tasks.items() if "expand" in one])
        self.assertTrue(dag.task_group_dict["outer"].is_mapped)
        self.assertEqual(4, dag.get_task("outer.f").retries)

    def test_expand_kwargs_and_repetition(self):
        with DAG("d") as dag:
            pair.expand_kwargs(give()), pair.expand_kwargs([{"x": 1}, {"x": give(), "y": 2}])
            pair.override(group_id="named").partial(y=1).expand_kwargs([{"x": 1}])
        _, groups = self.written(dag)
        self.assertEqual({"pair": ["give"], "pair__1": [2], "named": [1]}, groups)
        self.assertLessEqual({"give>pair.f", "give__1>pair__1.f", "give__1>pair__1.f__1"},
                             edges(dag))

    def test_a_group_without_a_result_is_itself(self):
        @task_group
        def g(x):
            f(x)
        with DAG("d") as dag:
            made = g.expand(x=[1, 2])
            made >> EmptyOperator(task_id="end")
        self.assertEqual(("g", {"g.f>end"}), (made.group_id, edges(dag)))

    def test_arguments_are_no_values_yet(self):
        @task_group
        def loops(x):
            for _ in x:
                pass

        @task_group
        def writes(x):
            f(f"{x}.csv")
        with DAG("d"):
            for call in (lambda: loops.expand(x=[[1]]), lambda: writes.expand_kwargs(give())):
                self.refuses(TypeError, "'x' of a mapped task group is known only when", call)

    def test_nothing_is_mapped_in_a_mapped_group(self):
        @task_group
        def nests(x):
            f.expand(a=x)

        @task_group
        def deep(x):
            with TaskGroup("inner"):
                BashOperator.partial(task_id="b").expand(bash_command=["x"])

        @task_group
        def groups(x):
            pair.expand(x=[1])

        for place, one in enumerate((nests, deep, groups)):
            with self.subTest(one.__name__), DAG(f"d{place}"):
                self.refuses(NotSupportedError,
                             f"mapping inside the mapped task group '{one.__name__}'",
                             lambda: one.expand(x=[1]))
        with DAG("m") as dag:
            group = pair.expand(x=[1]).operator.task_group
            group.add(BashOperator.partial(task_id="b").expand(bash_command=["x"]))
        self.refuses(NotSupportedError, "b: mapping inside the mapped task group 'pair'",
                     lambda: checks.check_dag(dag))


class Refusals(Case):
    def test_calls_that_cannot_work(self):
        bash = lambda **more: BashOperator.partial(task_id="b", **more)  # noqa: E731
        with DAG("d"):
            result, classic = give(), EmptyOperator(task_id="classic")
            for kind, text, call in (
                    (TypeError, "positional", lambda: f.expand([1])),
                    (TypeError, "no arguments to expand against", lambda: f.expand()),
                    (TypeError, "no arguments to expand against", lambda: bash().expand()),
                    (TypeError, r"f.expand\(\) got an unexpected keyword argument 'x'",
                     lambda: f.expand(x=[1])),
                    (TypeError, r"f.partial\(\) got unexpected keyword arguments 'x', 'y'",
                     lambda: f.partial(x=[1], y=2)),
                    (ValueError, r"cannot call expand\(\) on task context variable 'ti'",
                     lambda: f.expand(a=[1], ti=[2])),
                    (TypeError, "mapping already partial argument: a",
                     lambda: f.partial(a=1).expand(a=[1])),
                    (TypeError, "duplicate partial argument: a",
                     lambda: f.partial(a=1).partial(a=2)),
                    (TypeError, "missing the argument 'a'", lambda: f.expand(b=[1])),
                    (TypeError, "missing the argument 'a'",
                     lambda: f.expand_kwargs([{"a": 1}, {"b": 2}])),
                    (TypeError, "unexpected keyword argument 'c'",
                     lambda: f.expand_kwargs([{"a": 1, "c": 2}])),
                    (ValueError, "unexpected type 'str' for keyword argument 'a'",
                     lambda: f.expand(a="text")),
                    (ValueError, "unexpected type 'NoneType'", lambda: f.expand(a=None)),
                    (ValueError, "unexpected type 'set'", lambda: f.expand(a={1, 2})),
                    (ValueError, "unexpected type 'bytes'", lambda: f.expand(a=b"12")),
                    (ValueError, "'EmptyOperator' .* give its result, classic.output",
                     lambda: f.expand(a=classic)),
                    (TypeError, "give its result, classic.output",
                     lambda: f.expand(a=[classic])),
                    (ValueError, "cannot map over XCom with custom key 'k'",
                     lambda: f.expand(a=result["k"])),
                    (ValueError, "cannot map over XCom with custom key 'k'",
                     lambda: f.expand_kwargs(result["k"])),
                    (TypeError, "expected XComArg or list", lambda: f.expand_kwargs({"a": 1})),
                    (TypeError, r"not list\[int\]", lambda: f.expand_kwargs([1])),
                    (TypeError, "keys must all be str", lambda: f.expand_kwargs([{1: 2}])),
                    (TypeError, "only half of a call", lambda: f.partial(a=1)()),
                    (TypeError, "unexpected keyword argument 'colour'", lambda: bash(colour=1)),
                    (TypeError, "missing the argument 'task_id'", lambda: BashOperator.partial()),
                    (TypeError, r"BashOperator.expand\(\) .* 'colour'",
                     lambda: bash().expand(bash_command=["x"], colour=[1])),
                    (TypeError, "missing the argument 'bash_command'",
                     lambda: bash().expand(env=[{}])),
                    (TypeError, "unmappable or already specified arguments: retries, pool",
                     lambda: bash().expand(bash_command=["x"], retries=[1], pool=["p"])),
                    (TypeError, "unmappable or already specified argument: env",
                     lambda: bash(env={}).expand(bash_command=["x"], env=[{}])),
                    (TypeError, "retries must be an integer",
                     lambda: bash(retries="x").expand(bash_command=["x"])),
                    (TypeError, "argument 'y'", lambda: pair.expand(y=[1], z=[1])),
                    (TypeError, "missing the argument 'x'", lambda: pair.expand(y=[1])),
                    (TypeError, "missing the argument 'x'",
                     lambda: pair.expand_kwargs([{"y": 1}])),
                    (AttributeError, "expand", lambda: classic.expand(a=[1]))):
                with self.subTest(text):
                    self.refuses(kind, "'z'" if text == "argument 'y'" else text, call)

    def test_trigger_rule_always_needs_a_known_length(self):
        @task(trigger_rule="always")
        def late(a):
            pass

        @task_group
        def g(x):
            late(1)
        with DAG("d"):
            late.expand(a=[1]), g.expand(x=[1])
            for call in (lambda: late.expand(a=give()), lambda: late.expand_kwargs(give()),
                         lambda: g.expand(x=give())):
                self.refuses(ValueError, "not allowed with trigger rule 'always'", call)

    def test_results_that_cannot_be_combined(self):
        with DAG("d"):
            result = give()
            for kind, text, call in (
                    (ValueError, "cannot zip a non-return XCom: the key 'k' of 'give'",
                     lambda: result["k"].zip(result)),
                    (ValueError, "cannot concat", lambda: result.concat(result["k"])),
                    (ValueError, "cannot map", lambda: result["k"].map(str)),
                    (ValueError, "plain function, not a @task", lambda: result.map(f)),
                    (TypeError, r"map\(\) takes a function, not int", lambda: result.map(1)),
                    (TypeError, r"zip\(\) takes results of tasks, not list",
                     lambda: result.zip([1])),
                    (TypeError, "only when tasks have run", lambda: list(result.map(str)))):
                with self.subTest(text):
                    self.refuses(kind, text, call)

    def test_a_partial_that_is_forgotten_is_an_error_at_its_line(self):
        answer = extract_text("""
            from airflow.sdk import DAG
            from airflow.providers.standard.operators.bash import BashOperator
            with DAG("d"):
                done = BashOperator.partial(task_id="done")
                BashOperator.partial(task_id="half", env={})
                done.expand(bash_command=["x"])
            """)
        error = answer["error"]
        self.assertIn("Task 'half' was never mapped!", error["message"])
        self.assertEqual(("dag.py", 6), (error["file"], error["line"]))

    def test_the_line_of_a_refusal_is_the_authors(self):
        answer = extract_text("""
            from airflow.sdk import DAG, task
            with DAG("d"):
                @task
                def t(x): pass
                t.expand(x=1)
            """)
        self.assertEqual(6, answer["error"]["line"])

    def test_fail_fast_looks_at_mapped_tasks_too(self):
        with DAG("d", fail_fast=True) as dag:
            f.override(trigger_rule="all_done").expand(a=[1])
        self.refuses(FailFastDagInvalidTriggerRule, "'f' has all_done",
                     lambda: checks.check_dag(dag))

    def test_one_dag_of_text(self):
        found = one_dag("""
            from airflow.sdk import DAG, task
            with DAG("d", params={"n": 1}):
                @task
                def t(x): pass
                t.expand(x=[1, 2, 3])
            """)
        self.assertEqual([3], found["by_id"]["t"]["expand"])
        self.assertNotIn("mapped_groups", found)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0
"""The short way of making tasks and the log of arrows give what the long way and arrows drawn at
once give (airflow.sdk._making, airflow.sdk._arrows)."""
import os
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

from authoring_support import CORPUS
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, BaseOperator, _groups, _making, _scope, task
from airflow.sdk._arrows import DRAWN
from airflow.sdk._fields import _CHECKS
from airflow.sdk._params import ParamsDict
from airflow.sdk._xcomarg import XComArg
from leoflow.runtime import loader

HEAD = """
from datetime import datetime, timedelta
from airflow.sdk import (DAG, BaseOperator, Label, Param, TaskGroup, TriggerRule, XComArg, chain,
                         chain_linear, cross_downstream, dag, literal, task, task_group)
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator

def f(*a, **k): "not a task's"
def alert(context): pass
"""
FILES = {
    "layers": """
        @task
        def step(*before): pass
        with DAG("d"):
            before = [None] * 3
            for layer in range(4):
                for place in range(3):
                    this = step.override(task_id=f"t{layer}_{place}", retries=layer)()
                    if before[place] is not None:
                        before[place] >> this
                    before[place] = this
        """,
    "operators": """
        with DAG("d", default_args={"owner": "me", "retries": 2, "env": {"A": "1"}}) as d:
            a = EmptyOperator(task_id="a", trigger_rule=TriggerRule.ALL_DONE, pool="p")
            b = BashOperator(task_id="b-1", bash_command="x", skip_on_exit_code=[3], cwd="/")
            c = BashOperator(task_id="c", bash_command="y", env={"B": "2"}, append_env=True)
            p = PythonOperator(task_id="p.q", python_callable=f, op_kwargs={"x": 1}, op_args=[2])
            q = PythonOperator(task_id="q", python_callable=f, op_args=None, op_kwargs=None,
                               on_failure_callback=alert, retry_delay=60, doc_md="text",
                               show_return_value_in_logs=0, templates_exts=[".sql"])
            r = BaseOperator(task_id="r", params={"n": Param(3)}, wait_for_downstream=True)
            [a, b] >> c >> [p, q]
            r << [p, q]
            a.set_downstream([r]), p.set_upstream(b)
        EmptyOperator(task_id="late", dag=d, default_args={"retries": 7}) >> a
        d.add_task(BashOperator(task_id="adopted", bash_command="z"))
        """,
    "taskflow": """
        with DAG("d", default_args={"colour": "red", "doc_md": None}):
            @task(retries=3, pool="p", on_retry_callback=[alert])
            def first(x, colour="blue"):
                '''Documented.

                    With an indent.
                '''
                return {}

            @task(multiple_outputs=True)
            def second(a, *, b, ti=None) -> dict: ...

            @task.bash(cwd="/")
            def third(a): return "true"

            one = first(1)
            one.operator.op_kwargs["late"] = 5
            two = second(one, b=[one["k"], {"deep": first(literal("{{ x }}"))}])
            third(a=two) >> first.override(task_id="again", doc_md="mine", retries=0)(two)
            second.override(task_id="it__4")(1, b=2), second.override(task_id="it__4")(3, b=4)
            first(f"{two}").operator.on_retry_callback.append(f)
            first(2)
        """,
    "groups": """
        with DAG("d", default_args={"owner": "dag"}) as d:
            @task
            def t(x=None): return x

            @task_group(default_args={"retries": 4})
            def pair(x):
                return t(t(x))

            start, end = EmptyOperator(task_id="start"), EmptyOperator(task_id="end")
            with TaskGroup("outer", tooltip="tip") as outer:
                t() >> t()
                with TaskGroup("inner", default_args={"pool": "in"}) as inner:
                    t(), t()
                start >> inner
                with TaskGroup("hollow") as hollow: pass
                inner >> hollow >> end
            start >> outer >> Label("then") >> end
            with TaskGroup("grows") as grows:
                g1 = EmptyOperator(task_id="g1")
                grows >> end
                g2 = EmptyOperator(task_id="g2")
                start >> grows
                g1 >> g2
            grows >> [pair(1), outer.children["outer.t"]]
            grows.add(EmptyOperator(task_id="moved"))
            outer << grows
            with TaskGroup("bare", prefix_group_id=False, parent_group=inner):
                t(pair(2))
        """,
    "chains": """
        with DAG("d"):
            a, b, c, e, g, h = [EmptyOperator(task_id=name) for name in "abcegh"]
            chain(a, [b, c], [e, g], h)
            chain_linear(a, [b, c], Label("x"), h)
            cross_downstream([a, b], [g, h])
            with TaskGroup("t") as t:
                chain(*[PythonOperator(task_id=f"n{i}", python_callable=f) for i in range(5)])
            chain(h, t)
            early = b.upstream_task_ids
            EmptyOperator(task_id="z") >> b
            assert early == {"a", "z"}, early
            h.upstream_task_ids.discard("a")
            h.downstream_task_ids = {"t.n0"}
        """,
    "users": """
        class Mine(BashOperator):
            template_fields = (*BashOperator.template_fields, "extra")
            def __init__(self, *, extra, bash_command="mine", **kwargs):
                super().__init__(bash_command=bash_command, **kwargs)
                self.extra = extra
                self.cwd = "/mine"

        class Plain(PythonOperator):
            def execute(self, context): pass

        class Draws:
            def set_downstream(self, other, edge_modifier=None):
                self.drawn = True
                super().set_downstream(other, edge_modifier)

        class Drawing(Draws, PythonOperator): pass

        @dag(default_args={"extra": "given", "retries": 1}, params={"n": 3})
        def d(n=4):
            @task
            def t(x): pass
            m = Mine(task_id="m", env={"N": "1"})
            x = Mine(task_id="x", extra=m.output, max_active_tis_per_dag=2)
            p = Plain(task_id="p", python_callable=f, op_args=[[x.output]], op_kwargs={"n": n})
            w = Drawing(task_id="w", python_callable=f)
            w.output >> t(n)
            p >> x.output["key"] if False else p >> w
            for copy in (m, x):
                copy.retries += 5
                copy.on_success_callback = [lambda context, copy=copy: copy]
        d()
        """,
    "several": """
        for n in range(3):
            with DAG(f"d{n}", schedule=None, tags=[str(n)]) as made:
                ends = [BashOperator(task_id=f"t{i}", bash_command=f"echo {i}") for i in range(4)]
                PythonOperator(task_id="use", python_callable=lambda i=n: i,
                               op_args=[one.output for one in ends]) >> ends[0].output["never"] \\
                    if n > 5 else None
            globals()[f"made{n}"] = made
        """,
}
OWN = """append_env bash_command cwd env op_args op_kwargs output_encoding output_processor
    python_callable show_return_value_in_logs skip_on_exit_code templates_dict template_ext
    _own_params _pre_execute_hook _post_execute_hook _process _task_display_name""".split()


@task
def call_me(x, y=1):
    pass


WRONG = (
    lambda: BashOperator(task_id="x"), lambda: BashOperator(bash_command="y"),
    lambda: BashOperator("x", bash_command="y"), lambda: EmptyOperator(task_id="x", colour="red"),
    lambda: EmptyOperator(task_id="no blank"), lambda: EmptyOperator(task_id="x" * 251),
    lambda: EmptyOperator(task_id=5), lambda: EmptyOperator(task_id="x", retries="many"),
    lambda: EmptyOperator(task_id="x", inlets=[1]),
    lambda: EmptyOperator(task_id="x", trigger_rule="never", pool_slots=0),
    lambda: PythonOperator(task_id="x", python_callable=3), lambda: PythonOperator(task_id="x"),
    lambda: PythonOperator(task_id="x", python_callable=print, default_args={"retries": -1}),
    lambda: BashOperator(task_id="x", bash_command="y", skip_on_exit_code=1.5),
    lambda: call_me(), lambda: call_me(1, z=2), lambda: call_me(1, 2, 3),
    lambda: call_me.override(task_id="no blank")(1), lambda: call_me.override(task_id=5)(1),
    lambda: call_me.override(retries=None, pool_slots="a")(1),
    lambda: call_me.override(python_callable=print)(1), lambda: call_me.override(odd=1)(1),
    lambda: BashOperator(task_id="x", bash_command=[EmptyOperator(task_id="y", dag=DAG("e"))]),
    lambda: EmptyOperator(task_id="taken"),
)
SLOTS = ("_dag", "task_group", "_upstream_ids", "_downstream_ids")


def shape(value):
    """A value in a form that is equal for two readings of one file."""
    if isinstance(value, XComArg):
        return "xcom", value.operator.task_id, value.key
    if isinstance(value, BaseOperator):
        return "task", value.task_id
    if isinstance(value, ParamsDict):
        return {name: repr(param) for name, param in value.params_items()}
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value), sorted(map(shape, value)) if isinstance(value, set) else [
            shape(item) for item in value]
    if callable(value):
        return getattr(value, "__qualname__", type(value))
    return repr(value) if type(value).__repr__ is not object.__repr__ else type(value)


def portrait(dags):
    """All that can be seen of the DAGs and of every task of them."""
    seen = {}
    for dag in dags.values():
        for task in dag.tasks:
            names = {*vars(task), *_CHECKS, *OWN}
            found = {name: shape(getattr(task, name, None)) for name in sorted(names)
                     if name not in SLOTS and not callable(getattr(type(task), name, None))}
            seen[dag.dag_id, task.task_id] = (
                type(task).__name__, task.task_group.group_id, task.label, shape(task.params),
                task.upstream_task_ids, task.downstream_task_ids, found)
        seen[dag.dag_id] = (dag.task_ids, dag.edge_info, [one.task_id for one in dag.roots],
                            [one.task_id for one in dag.leaves],
                            {name: ([*group.children], [one.task_id for one in group])
                             for name, group in dag.task_group_dict.items()})
    return seen


class Ways(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.addCleanup(_scope.begin)

    def read(self, file, *parsing):
        name = os.path.splitext(os.path.basename(file))[0]
        self.addCleanup(sys.modules.pop, name, None)
        return portrait(loader.load_dags(file, *parsing))

    def read_long(self, file):
        """With every task made the long way and every arrow drawn at once."""
        with mock.patch.object(_making.Known, "check", lambda known, given: False), \
                mock.patch("airflow.sdk._dag.Log", lambda: DRAWN), \
                mock.patch.object(_groups.TaskGroup, "_late_dag", lambda group: None):
            return self.read(file)

    def compare(self, file):
        known = self.read_long(file)
        short = self.read(file)
        self.assertEqual({*known}, {*short})
        for key in known:
            self.assertEqual(known[key], short[key], key)
        wanted = next(key for key in known if isinstance(key, tuple))
        alone = self.read(file, *wanted)  # may leave out other DAGs
        self.assertIn(wanted, alone)
        self.assertEqual(alone, {key: short[key] for key in alone})
        return len(known)

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in FILES.items():
                file = os.path.join(folder, f"ways_{name}.py")
                with open(file, "w", encoding="utf-8") as out:
                    out.write(HEAD + textwrap.dedent(text))
                with self.subTest(name):
                    self.assertGreater(self.compare(file), 4)

    def test_corpus(self):
        folder, compared = os.path.join(CORPUS, "dags"), 0
        for name in sorted(os.listdir(folder)):
            file = os.path.join(folder, name)
            try:
                self.read_long(file)
            except BaseException:
                continue  # a file that is refused, or broken on purpose
            with self.subTest(name):
                compared += self.compare(file)
        self.assertGreater(compared, 150)

    def test_errors_are_those_of_the_long_way(self):
        def told(call):
            _scope.begin()
            with DAG("d", default_args={"owner": "me"}):
                EmptyOperator(task_id="taken")
                with self.assertRaises(Exception) as caught:
                    call()
            return type(caught.exception), str(caught.exception)

        for number, call in enumerate(WRONG):
            with self.subTest(number):
                short = told(call)
                with mock.patch.object(_making.Known, "check", lambda known, given: False):
                    self.assertEqual(told(call), short)

    def test_a_refused_call_leaves_no_task(self):
        with DAG("d") as dag:
            for call in WRONG[:-1]:
                with self.assertRaises(Exception):
                    call()
        self.assertLessEqual({*dag.task_dict}, {"x"})  # one that was made and then drawn wrong

    def test_a_replaced_init_is_run(self):
        class Own(BashOperator):
            _known_arguments = "the user's own name"

        before = BashOperator.__init__

        def init(task, **kwargs):
            before(task, **{**kwargs, "retries": 9})

        known = BashOperator._known_arguments
        self.addCleanup(setattr, BashOperator, "_known_arguments", known)
        with mock.patch.object(BashOperator, "__init__", init):
            for kind in (BashOperator, Own):
                self.assertEqual(9, kind(task_id="x", bash_command="", dag=DAG("d")).retries)

    def test_tasks_share_nothing_they_did_not_share(self):
        @task(on_retry_callback=print)
        def t():
            pass

        with DAG("d"):
            one, other = t().operator, t.override(task_id="o")().operator
        one.on_retry_callback.append(len)
        one.op_kwargs["a"] = 1
        self.assertEqual(([print], {}), (other.on_retry_callback, other.op_kwargs))

    def test_sets_that_were_looked_at_grow(self):
        with DAG("d") as dag:
            a, b, c = (EmptyOperator(task_id=name) for name in "abc")
            a >> b
            seen = b.upstream_task_ids
            [c] >> b
            self.assertEqual({"a", "c"}, seen)
            b.upstream_task_ids.remove("c")
            b.downstream_task_ids = {"c"}
            self.assertEqual(({"a"}, {"c"}), (seen, b.downstream_task_ids))
        self.assertEqual([a, c], dag.roots)


if __name__ == "__main__":
    unittest.main()

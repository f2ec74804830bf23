# SPDX-License-Identifier: Apache-2.0
"""Edges, labels, chains and task groups."""
import unittest

from authoring_support import edges
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (DAG, Label, TaskGroup, chain, chain_linear, cross_downstream, task,
                         task_group)
from airflow.sdk import _scope
from airflow.sdk.exceptions import (AirflowDagCycleException, AirflowException,
                                    DuplicateTaskIdFound)


class Case(unittest.TestCase):
    def setUp(self):
        _scope.begin()

    def draw(self, how, names="a b c d e"):
        """The edges `how` draws between tasks of these names."""
        with DAG("d") as dag:
            how(*[EmptyOperator(task_id=name) for name in names.split()])
        return edges(dag)


class Arrows(Case):
    def test_tasks_and_lists(self):
        self.assertEqual({"a>b", "a>c", "b>d", "c>d"},
                         self.draw(lambda a, b, c, d, e: a >> [b, c] >> d))
        self.assertEqual({"b>a", "c>b"}, self.draw(lambda a, b, c, d, e: a << b << c))
        self.assertEqual({"a>c", "b>c", "d>c"}, self.draw(lambda a, b, c, d, e: [a, b] >> c << d))
        self.assertEqual({"c>a", "c>b"}, self.draw(lambda a, b, c, d, e: [a, b] << c))
        self.assertEqual({"a>b", "c>a"}, self.draw(lambda a, b, c, d,
                                                   e: (a.set_downstream(b), a.set_upstream([c]))))

    def test_nonsense_raises(self):
        with self.assertRaisesRegex(TypeError, "received str"):
            self.draw(lambda a, b, c, d, e: a >> "b")

    def test_two_dags_do_not_mix(self):
        with DAG("one"):
            a = EmptyOperator(task_id="a")
        with DAG("two"), self.assertRaisesRegex(AirflowException, "more than one DAG"):
            a >> EmptyOperator(task_id="b")

    def test_labels(self):
        with DAG("d") as dag:
            a, b, c, d = (EmptyOperator(task_id=name) for name in "abcd")
            a >> Label("yes") >> [b, c] >> d
            d << Label("no") << a
        self.assertEqual({"a>b", "a>c", "b>d", "c>d", "a>d"}, edges(dag))
        self.assertEqual({"b": {"label": "yes"}, "c": {"label": "yes"}, "d": {"label": "no"}},
                         dag.edge_info["a"])

    def test_chain(self):
        self.assertEqual({"a>b", "a>c", "b>d", "c>e"},
                         self.draw(lambda a, b, c, d, e: chain(a, [b, c], [d, e])))
        self.assertEqual({"a>b", "b>c"}, self.draw(lambda a, b, c, d,
                                                   e: chain(a, Label("x"), b, c)))
        with self.assertRaisesRegex(AirflowException, "different length"):
            self.draw(lambda a, b, c, d, e: chain([a, b], [c, d, e]))

    def test_chain_linear_and_cross(self):
        self.assertEqual({"a>b", "a>c", "b>d", "c>d", "b>e", "c>e"},
                         self.draw(lambda a, b, c, d, e: chain_linear(a, [b, c], [d, e])))
        self.assertEqual({"a>c", "a>d", "b>c", "b>d"},
                         self.draw(lambda a, b, c, d, e: cross_downstream([a, b], [c, d])))

    def test_cycles_name_their_path(self):
        with DAG("round") as dag:
            a, b, c = (EmptyOperator(task_id=name) for name in "abc")
            EmptyOperator(task_id="outside") >> a >> b >> c >> a
        with self.assertRaisesRegex(AirflowDagCycleException,
                                    "'round' has a cycle: a -> b -> c -> a"):
            dag.check_cycle()
        with self.assertRaisesRegex(AirflowDagCycleException, "a -> a"):
            with DAG("own") as dag:
                a = EmptyOperator(task_id="a")
                a >> a
            dag.check_cycle()

    def test_relatives(self):
        with DAG("d"):
            a, b, c = (EmptyOperator(task_id=name) for name in "abc")
            a >> b >> c
        self.assertEqual({"b", "c"}, a.get_flat_relative_ids())
        self.assertEqual([a, b], c.get_flat_relatives(upstream=True))
        self.assertEqual(([b], [b]), (a.downstream_list, c.upstream_list))


class Groups(Case):
    def test_names_defaults_and_edges(self):
        with DAG("d", default_args={"owner": "dag", "retries": 1}) as dag:
            start = EmptyOperator(task_id="start")
            with TaskGroup("outer", default_args={"owner": "outer"}) as outer:
                a = EmptyOperator(task_id="a")
                with TaskGroup("inner", default_args={"retries": 3}) as inner:
                    b = EmptyOperator(task_id="b", owner="self")
                a >> inner
            with TaskGroup("bare", prefix_group_id=False) as bare:
                EmptyOperator(task_id="c")
            start >> outer >> bare
        self.assertEqual({"start>outer.a", "outer.a>outer.inner.b", "outer.inner.b>c"}, edges(dag))
        self.assertEqual(("outer", 1, "self", 3), (a.owner, a.retries, b.owner, b.retries))
        self.assertEqual(("outer.inner", "b"), (inner.group_id, b.label))
        self.assertEqual(["outer.a", "outer.inner.b"],
                         [one.task_id for one in outer.topological_sort()])

    def test_empty_group_passes_arrows_through(self):
        for order in (lambda s, h, e: s >> h >> e, lambda s, h, e: (h >> e, s >> h)):
            with DAG("d") as dag:
                start, end = EmptyOperator(task_id="s"), EmptyOperator(task_id="e")
                with TaskGroup("hollow") as hollow:
                    pass
                order(start, hollow, end)
            self.assertEqual({"s>e"}, edges(dag))

    def test_same_id_twice(self):
        with DAG("d"):
            TaskGroup("g")
            with self.assertRaisesRegex(DuplicateTaskIdFound, "'g'"):
                TaskGroup("g")
            self.assertEqual("g__1", TaskGroup("g", add_suffix_on_collision=True).group_id)
            with self.assertRaisesRegex(DuplicateTaskIdFound, "'g'"):
                EmptyOperator(task_id="g")

    def test_decorated_groups(self):
        with DAG("d") as dag:
            @task
            def one(x):
                return x

            @task_group(default_args={"retries": 4})
            def pair(x, owner="nobody"):
                """Two."""
                return one(one(x))

            first = pair(1)
            second = pair.override(group_id="again")(first)
            pair(2) >> second
        self.assertEqual({"pair.one>pair.one__1", "pair.one__1>again.one", "again.one>again.one__1",
                          "pair__1.one>pair__1.one__1", "pair__1.one__1>again.one__1"}, edges(dag))
        self.assertEqual(4, dag.get_task("again.one").retries)
        with self.assertRaisesRegex(TypeError, "'x'"), DAG("e"):
            pair()


if __name__ == "__main__":
    unittest.main()

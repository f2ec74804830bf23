# SPDX-License-Identifier: Apache-2.0
"""XComArg: the result of a task as an argument of another; it becomes a value when the other one
runs."""
from airflow.sdk._edges import DependencyMixin


class ResolveMixin:
    """An argument whose value is known only at run time."""

    def iter_references(self):
        """The (task, key) pairs it needs."""
        return iter(())

    def resolve(self, context):
        """The value, in a task's context."""
        raise NotImplementedError


class XComArg(ResolveMixin, DependencyMixin):
    """The XCom `key` of `operator`. `arg["name"]` is another key of the same task."""

    _is_xcom_arg = True
    key = "return_value"

    def __init__(self, operator, key="return_value"):
        self.operator = operator
        self.key = key

    def __getitem__(self, key):
        if not isinstance(key, str):
            raise ValueError(f"XComArg only supports str lookup, received {type(key).__name__}")
        return XComArg(self.operator, key)

    def __iter__(self):
        raise TypeError(
            f"'XComArg' object is not iterable: the result of {self.operator.task_id!r} is known "
            "only when "
            "the task has run; give it to a @task and iterate there")

    def __bool__(self):
        return True

    def __eq__(self, other):
        if not isinstance(other, XComArg):
            return NotImplemented
        return self.operator is other.operator and self.key == other.key

    def __hash__(self):
        return hash((id(self.operator), self.key))

    def __str__(self):
        """A template that pulls the value, so that f-strings work."""
        operator = self.operator
        return (
            f"{{{{ task_instance.xcom_pull(task_ids={operator.task_id!r}, "
            f"dag_id={operator.dag_id!r}, "
            f"key={self.key!r}) }}}}")

    def __repr__(self):
        key = "" if self.key == "return_value" else f", {self.key!r}"
        return f"XComArg({self.operator!r}{key})"

    def set_upstream(self, other, edge_modifier=None):
        self.operator.set_upstream(other, edge_modifier)

    def set_downstream(self, other, edge_modifier=None):
        self.operator.set_downstream(other, edge_modifier)

    def __rshift__(self, other):
        task = self.operator
        if type(other) is XComArg and task._draws_plainly:
            after, dag = other.operator, task._dag
            if dag is not None and dag is after._dag:
                dag._arrows.extend((task, after))
                return other
        task.set_downstream(other)
        return other

    @property
    def node_id(self):
        return self.operator.task_id

    @property
    def roots(self):
        return [self.operator]

    @property
    def leaves(self):
        return [self.operator]

    def iter_references(self):
        yield self.operator, self.key

    def resolve(self, context):
        """The XCom; None when the task pushed nothing under the key. Of a mapped task a lazy
        sequence of them, or in its own mapped group the one of the same map index."""
        operator = self.operator
        group = operator.task_group
        if operator._mapped_from is None and (group is None or group._mapped_in is None):
            return context["ti"].xcom_pull(task_ids=operator.task_id, key=self.key)
        from leoflow.runtime.mapping import mapped_result
        return mapped_result(operator, self.key, context)

    @staticmethod
    def apply_upstream_relationship(task, value):
        """Makes `task` follow every task whose result occurs in `value`."""
        from airflow.sdk._making import draw_edges
        draw_edges(task, value)

    def map(self, f):
        """What `f` makes of each element, when the consumer asks for it."""
        from airflow.sdk._combined import MapXComArg
        return MapXComArg(self, f)

    def zip(self, *others, **options):
        """Tuples of one element of each; as many as the shortest has, or with `fillvalue=` the
        longest."""
        from airflow.sdk._combined import ZipXComArg
        return ZipXComArg((self, *others), **options)

    def concat(self, *others):
        """All elements, one result after another."""
        from airflow.sdk._combined import ConcatXComArg
        return ConcatXComArg((self, *others))


PlainXComArg = XComArg


class LiteralValue(ResolveMixin):
    """A value whose text is never rendered as a template."""

    def __init__(self, value):
        self.value = value

    def resolve(self, context):
        return self.value

    def __repr__(self):
        return f"literal({self.value!r})"


def literal(value):
    """`value` as it is: no template rendering, no file lookup."""
    return LiteralValue(value)

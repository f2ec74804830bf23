# SPDX-License-Identifier: Apache-2.0
"""Edges between tasks: `>>`, `<<`, labels, chain, chain_linear and cross_downstream.

A DependencyMixin says which tasks an arrow ends at (`roots`) and starts from (`leaves`); everything
else follows.
"""
from airflow.sdk._arrows import Wide

_SEQUENCES = (list, tuple, set, frozenset)


def items(other):
    """`other` as a flat list of DependencyMixin."""
    if isinstance(other, DependencyMixin):
        return [other.operator if other._is_xcom_arg else other]
    if isinstance(other, _SEQUENCES) or hasattr(other, "__next__"):
        found = []
        for item in other:
            found.extend(items(item))
        return found
    raise TypeError(
        "Relationships can only be set between tasks and task groups; received "
        f"{type(other).__name__}")


class DependencyMixin:
    """Anything an arrow can touch: a task, its result, a group, a label."""

    _is_xcom_arg = _is_group = False

    @property
    def roots(self):
        raise NotImplementedError

    @property
    def leaves(self):
        raise NotImplementedError

    def set_upstream(self, other, edge_modifier=None):
        """Draws `other >> self`."""
        for one in items(other):
            _connect(one, self, edge_modifier)

    def set_downstream(self, other, edge_modifier=None):
        """Draws `self >> other`."""
        for one in items(other):
            _connect(self, one, edge_modifier)

    def update_relative(self, other, upstream=True, edge_modifier=None):
        """Told that `other` was drawn before (upstream) or after it. Groups and labels keep a
        record."""

    def _late_dag(self):
        """The DAG whose log may hold an arrow at this node; None when it has to be drawn at
        once."""
        return None

    def as_setup(self):
        _refuse("as_setup", self)

    def as_teardown(self, **_):
        _refuse("as_teardown", self)

    def __lshift__(self, other):
        self.set_upstream(other)
        return other

    def __rshift__(self, other):
        self.set_downstream(other)
        return other

    def __rrshift__(self, other):
        self.set_upstream(other)
        return self

    def __rlshift__(self, other):
        self.set_downstream(other)
        return self


def _refuse(name, node):
    from airflow.sdk._unsupported import not_supported
    raise not_supported(name, getattr(node, "node_id", ""))


def _connect(before, after, label):
    if before.__class__ is EdgeModifier or after.__class__ is EdgeModifier:
        _connect_label(before, after)
        return
    dag = getattr(before, "_dag", None)
    if label is None and dag is not None and dag is getattr(after, "_dag", None):
        dag._arrows.extend((before, after))
        return
    before.update_relative(after, False, label)
    after.update_relative(before, True, label)
    dag = before._late_dag()
    if label is None and dag is not None and dag is after._late_dag():
        dag._arrows.extend((Wide(before, after, len(dag.task_dict)), None))
        return
    for head in before.leaves:
        for tail in after.roots:
            link(head, tail, label)


def link(head, tail, label=None):
    """One edge between two tasks; a task without a DAG joins the other's."""
    if head._dag is not tail._dag or head._dag is None:
        _share_dag(head, tail)
    head._dag._arrows.extend((head, tail))
    if label is not None:
        head._dag.edge_info.setdefault(head.task_id, {})[tail.task_id] = {"label": label.label}


def _share_dag(head, tail):
    from airflow.sdk.exceptions import AirflowException
    if head._dag is None and tail._dag is None:
        raise AirflowException(
            f"Tried to create relationships between tasks that don't have DAGs yet ({head.task_id} "
            f">> {tail.task_id}). Set the DAG for at least one task and try "
            "again")
    if head._dag is None:
        head.dag = tail._dag
    elif tail._dag is None:
        tail.dag = head._dag
    else:
        raise AirflowException(
            f"Tried to set relationships between tasks in more than one DAG: {head._dag.dag_id} "
            f"({head.task_id}) and {tail._dag.dag_id} ({tail.task_id})")


class EdgeModifier(DependencyMixin):
    """The label of edges: `a >> Label("when fine") >> b`. Collects both sides and draws the edges
    when it has both."""

    def __init__(self, label=None):
        self.label = label
        self._before, self._after = [], []

    @property
    def roots(self):
        return [task for one in self._after for task in one.roots]

    @property
    def leaves(self):
        return [task for one in self._before for task in one.leaves]


def _connect_label(before, after):
    if isinstance(before, EdgeModifier) and isinstance(after, EdgeModifier):
        raise TypeError("Cannot connect a label to a label")
    label, other = (after, before) if isinstance(after, EdgeModifier) else (before, after)
    mine, opposite = (label._before, label._after) if label is after else (label._after,
                                                                           label._before)
    mine.append(other)
    for far in opposite:
        _connect(*((other, far) if label is after else (far, other)), label)


def Label(label):
    """A label for the edges it stands between."""
    return EdgeModifier(label)


def cross_downstream(from_tasks, to_tasks):
    """Every one of the first before every one of the second."""
    for one in items(from_tasks):
        one.set_downstream(to_tasks)


def _is_single(node):
    return isinstance(node, DependencyMixin)


def chain(*tasks):
    """One after the other; two neighbouring lists of one length are joined pairwise."""
    for before, after in zip(tasks, tasks[1:]):
        if _is_single(before) or _is_single(after):
            for one in (before,) if _is_single(before) else items(before):
                one.set_downstream(after)
            continue
        first, second = list(before), list(after)
        if len(first) != len(second):
            from airflow.sdk.exceptions import AirflowException
            raise AirflowException(
                f"Chain not supported for different length Iterable. Got {len(first)} and "
                f"{len(second)}.")
        for one, other in zip(first, second):
            one.set_downstream(other)


def chain_linear(*elements):
    """One after the other, every member of a list before every member of the next."""
    if len(elements) < 2:
        raise ValueError("No dependencies were set. Did you forget to expand with `*`?")
    before = None
    for element in elements:
        after = items(element)
        if before:
            for one in before:
                one.set_downstream(after)
        before = after or before

# SPDX-License-Identifier: Apache-2.0
"""The arrows of a DAG: a log while nobody looks, sets of ids at the tasks afterwards.

A file draws arrows by the thousand, and a task process hardly ever asks for one. So drawing only
appends to the DAG's `Log`, and whoever reads `task.upstream_task_ids` or `downstream_task_ids`
settles it first: it is played in its order into the sets of the tasks. From then on such a set may
be in somebody's hands, so the log is replaced by `DRAWN`, which draws each arrow at once.
"""
UPSTREAM, DOWNSTREAM = "_upstream_ids", "_downstream_ids"  # attributes of a task, once it has any


class Log(list):
    """head, tail, head, tail, ...; an arrow with a group at an end is a `Wide` followed by None."""

    __slots__ = ()

    def settle(self, dag):
        """Draws what was logged; the log is empty afterwards."""
        entries, places = iter(self), None
        for head, tail in zip(entries, entries):
            if tail is not None:
                _draw(head, tail)
                continue
            if places is None:
                places = {task_id: place for place, task_id in enumerate(dag.task_dict)}
            head.draw(places)
        self.clear()


class _Drawn:
    """In place of a log: draws at once."""

    __slots__ = ()

    def extend(self, entry):
        head, tail = entry
        if tail is None:
            head.draw(None)
        else:
            _draw(head, tail)

    def settle(self, dag):
        """There is nothing left to draw."""


DRAWN = _Drawn()


class Wide:
    """An arrow between two nodes of which at least one is a group, drawn when the DAG had `count`
    tasks: those that come into the group later are no part of it."""

    __slots__ = ("before", "after", "count")

    def __init__(self, before, after, count):
        self.before, self.after, self.count = before, after, count

    def draw(self, places):
        """Draws it between the tasks that were there; `places` are their ids in order of
        appearance, None stands for all there are."""
        tails = self._ends(self.after, UPSTREAM, places)
        for head in self._ends(self.before, DOWNSTREAM, places):
            for tail in tails:
                _draw(head, tail)

    def _ends(self, node, side, places):
        if not node._is_group:
            return [node]
        if places is None:
            return ends(node, side)
        return ends([task for task in node if places[task.task_id] < self.count], side)


def ends(tasks, side):
    """Those of the tasks that have none of the others on that side. Requires a settled log."""
    tasks = list(tasks)
    inside = {task.task_id for task in tasks}
    return [task for task in tasks if inside.isdisjoint(task.__dict__.get(side, ()))]


def live_ids(task, side):
    """The set itself, to which later arrows are added."""
    dag = task._dag
    if dag is not None and dag._arrows is not DRAWN:
        dag._arrows.settle(dag)
        dag._arrows = DRAWN
    return task.__dict__.setdefault(side, set())


def _draw(head, tail):
    _add(head.__dict__, DOWNSTREAM, tail.task_id)
    _add(tail.__dict__, UPSTREAM, head.task_id)


def _add(state, side, task_id):
    ids = state.get(side)
    if ids is None:
        state[side] = {task_id}
    else:
        ids.add(task_id)

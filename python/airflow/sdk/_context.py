# SPDX-License-Identifier: Apache-2.0
"""Names for annotations, and what a file may ask while it is being read."""
from airflow.sdk import _scope


class Context(dict):
    """What a task is given: `execute(self, context: Context)`."""


class TaskInstance:
    """The `ti` of a context; for annotations only."""


class ParsingContext:
    """Which task the file is read for; both ids are None while it is compiled."""

    def __init__(self, dag_id, task_id):
        self.dag_id, self.task_id = dag_id, task_id

    def __repr__(self):
        return f"ParsingContext(dag_id={self.dag_id!r}, task_id={self.task_id!r})"


def get_parsing_context():
    """Lets a file that makes many DAGs make only the one a task process needs."""
    return ParsingContext(*_scope.parsing)

# SPDX-License-Identifier: Apache-2.0
"""What a task process does for mapped tasks: makes the instance of its map index, resolves results
of mapped tasks, labels the instance, and judges what others are mapped over.

Only attempts that have to do with mapping load this module.
"""

from itertools import chain

from leoflow.runtime import context as _context
from leoflow.runtime import lazy, serde, templates

LABEL_CHARS_MAX = 250


class InstanceRenderer(templates.Renderer):
    """Leaves the values alone that come from results: rendering belongs to what the file says."""

    def __init__(self, task, context, fixed):
        super().__init__(task, context)
        self._fixed = {id(value): value for value in fixed}

    def render(self, value):
        return value if id(value) in self._fixed else super().render(value)


def become_instance(task, context):
    """Makes of a mapped task the one of the context's map index, in place; nothing if only a group
    around the task is mapped. Returns a renderer for its fields, or None for the usual one."""
    mapping = getattr(task, "_mapped_from", None)
    if mapping is None:
        return None
    try:
        fixed = mapping.initialise(task, context)
    except Exception as error:
        index = context["ti"].map_index
        error.leoflow_note = f"while making the task of map_index {index}"
        raise
    context["params"] = _context.merge_params(context["dag"], task, context["dag_run"].conf)
    return InstanceRenderer(task, context, fixed)


def mapped_result(operator, key, context):
    """The XCom of a task that has map indexes: in its own mapped group the one of the same index,
    elsewhere a sequence of all."""
    instance, group = context["ti"], operator.task_group._mapped_in
    if operator._mapped_from is None and context["task"].task_group._mapped_in is group:
        return instance.xcom_pull(
            task_ids=operator.task_id, key=key, map_indexes=instance.map_index
        )
    return lazy.LazyXComSequence(instance, operator.task_id, key)


def pull_all(instance, names, key, place):
    """One list per task with its XComs of all map indexes, those of unmapped tasks too; None if
    there is none."""
    answers = instance._agent.xcom_pull(names, key, map_index=None, **place)
    return [
        _all_pages(instance, name, key, place, answer) if answer.get("found") else None
        for name, answer in zip(names, answers)
    ]


def _all_pages(instance, name, key, place, answer):
    values, total = list(answer["values"]), answer["total"]
    while len(values) < total:
        (answer,) = instance._agent.xcom_pull(
            [name], key, map_index=None, offset=len(values), **place
        )
        if not answer.get("values"):
            break  # they were fewer after all
        values += answer["values"]
    return [serde.decode(value) for value in values]


def label_of(task, context, secrets):
    """The rendered map_index_template; None if the task has none."""
    template = getattr(task, "map_index_template", None)
    if template is None:
        return None
    try:
        text = templates.render_text(str(template), context, task)
    except Exception as error:
        error.leoflow_note = "while rendering map_index_template"
        raise
    label = templates.mask(text, secrets)[:LABEL_CHARS_MAX]
    context["ti"].rendered_map_index = label
    return label.encode("utf-8", "backslashreplace").decode()


def label_of_failed(task, context, secrets):
    """The same for a task that failed, whose own error is to be told: None if it cannot be
    rendered."""
    try:
        return label_of(task, context, secrets)
    except Exception:
        return None


def checked_length(result, length_max):
    """How many elements a result has that others are mapped over. Raises what Airflow raises for
    one that cannot be used so."""
    from airflow.sdk import exceptions

    if result is None:
        raise exceptions.XComForMappingNotPushed
    if not lazy.is_collection(result):
        raise exceptions.UnmappableXComTypePushed(result)
    if len(result) > length_max:
        raise exceptions.UnmappableXComLengthPushed(result, length_max)
    return len(result)


def flat(columns):
    """The values of several tasks as one list; None stands for a task without any."""
    return list(chain.from_iterable([None] if values is None else values for values in columns))

# SPDX-License-Identifier: Apache-2.0
"""Which packages the tasks need beyond what the file imports, and which template files they
read."""
import os

from leoflow.authoring.document import templated_values

_MARKS = ("{{", "{%", "{#")


def missing_packages(dags):
    """Packages to install: jinja2 when a task has templates and the environment has no Jinja2."""
    from importlib.util import find_spec
    if find_spec("jinja2") is not None:
        return []
    return ["jinja2"] if any(_templated(task) for dag in dags
                             for task in dag.task_dict.values()) else []


def template_files(dags):
    """Existing files that template fields name, as absolute paths."""
    found = set()
    for dag in dags:
        folders = [dag.folder, *(dag.template_searchpath or ())]
        for task in dag.task_dict.values():
            ends = tuple(task.template_ext)
            for text in _texts(task) if ends else ():
                if text.endswith(ends) and "\n" not in text:
                    found.update(filter(os.path.isfile,
                                        (os.path.join(folder, text) for folder in folders)))
    return found


def _templated(task):
    ends = tuple(task.template_ext)
    label = task.map_index_template
    if isinstance(label, str) and any(mark in label for mark in _MARKS):
        return True
    always = bool(task._dag.jinja_environment_kwargs)
    for text in _texts(task):
        if always or ends and text.endswith(ends) or any(mark in text for mark in _MARKS):
            return True
    mapping = task._mapped_from
    function = mapping.function if mapping else getattr(task, "python_callable", None)
    return "bash_command" in task.template_fields and _has_marks(
        getattr(function, "__code__", None))


def _has_marks(code):
    """Whether a function that writes a command has template syntax among its constants."""
    for constant in getattr(code, "co_consts", ()):
        if isinstance(constant, str) and any(mark in constant
                                             for mark in _MARKS) or _has_marks(constant):
            return True
    return False


def _texts(task):
    seen = set()
    for value in templated_values(task):
        yield from _strings(value, seen)


def _strings(value, seen):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _strings(item, seen)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item, seen)
    elif isinstance(getattr(value, "template_fields", None),
                    (list, tuple)) and id(value) not in seen:
        seen.add(id(value))
        for field in value.template_fields:
            yield from _strings(getattr(value, field, None), seen)

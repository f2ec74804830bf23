# SPDX-License-Identifier: Apache-2.0
"""Rendering of template fields. Jinja2 is imported only when a text really holds template syntax.

Text without syntax goes through the same rules (one trailing newline is dropped) without Jinja2.
Objects with a
method resolve(context), such as XComArg and literal(), give their value and are not rendered again.
"""

import os

FIELD_CHARS_MAX = 4096
TRUNCATED = "... [truncated]"
MARKS = ("{{", "{%", "{#")
PLAIN = frozenset((int, float, bool, type(None)))


class TemplateError(RuntimeError):
    """A template cannot be rendered here: Jinja2 is not installed, or a template file is
    missing."""


class Renderer:
    """Renders values of one task against one context. `task` gives template_ext and the DAG with
    its settings."""

    def __init__(self, task, context):
        self._task = task
        self._context = context
        self._dag = getattr(task, "dag", None) or context.get("dag")
        self._extensions = tuple(getattr(task, "template_ext", None) or ())
        native = getattr(task, "render_template_as_native_obj", None)
        self._native = (
            getattr(self._dag, "render_template_as_native_obj", False) if native is None else native
        )
        self._environment = None
        self._seen = set()

    def render(self, value):
        """`value` rendered; containers are rebuilt, other objects with template_fields are changed
        in place."""
        kind = type(value)
        if kind in PLAIN:
            return value
        if isinstance(value, str):
            return self._text(value)
        resolve = getattr(value, "resolve", None)
        if resolve is not None and not isinstance(value, (type, os.PathLike)):
            return resolve(self._context)
        return self._container(value, kind)

    def _container(self, value, kind):
        if isinstance(value, dict):
            return {key: self.render(item) for key, item in value.items()}
        if kind is tuple:
            return tuple([self.render(item) for item in value])
        if isinstance(value, tuple):
            return kind(*[self.render(item) for item in value])
        if isinstance(value, list):
            return [self.render(item) for item in value]
        if isinstance(value, set):
            return {self.render(item) for item in value}
        if isinstance(getattr(value, "template_fields", None), (tuple, list)) and not isinstance(
            value, type
        ):
            self._nested(value)
        return value

    def _nested(self, value):
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        for field in value.template_fields:
            setattr(value, field, self.render(getattr(value, field)))

    def _text(self, value):
        if self._extensions and value.endswith(self._extensions):
            return self._run(self._file(value))
        if getattr(self._dag, "jinja_environment_kwargs", None) or any(
            mark in value for mark in MARKS
        ):
            return self._run(self.environment().from_string(value))
        return _native_literal(value) if self._native else _plain_text(value)

    def text(self, value):
        """A text rendered, never taken for the name of a file; a text also in native mode."""
        if any(mark in value for mark in MARKS):
            return str(self._run(self.environment().from_string(value)))
        return _plain_text(value)

    def _run(self, template):
        return template.render(self._context)

    def _file(self, name):
        from jinja2 import TemplateNotFound

        try:
            return self.environment().get_template(name)
        except TemplateNotFound as error:
            folders = ", ".join(self.environment().loader.searchpath)
            raise TemplateError(
                f"template file not found: {error.name} (searched in {folders})\n"
                "hint: end the text with a space if it is a command and not the name of a file"
            ) from None

    def environment(self):
        """The Jinja2 environment of the DAG, made at first use. Raises TemplateError without
        Jinja2."""
        if self._environment is None:
            try:
                from leoflow.runtime import jinja
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] not in ("jinja2", "markupsafe"):
                    raise
                raise TemplateError(
                    "this task has templates, and Jinja2 is not installed in its environment\n"
                    "hint: add jinja2 to dependencies: in leoflow.yaml"
                ) from None
            self._environment = jinja.make_environment(self._dag, self._native)
        return self._environment


def render_value(value, context, task=None):
    """`value` rendered with `context`; `task` defaults to the context's."""
    return Renderer(context.get("task") if task is None else task, context).render(value)


def render_text(value, context, task):
    """A text rendered as a text, whatever the task's template_ext and mode are."""
    return Renderer(task, context).text(value)


def render_fields(task, context, fields=None, renderer=None):
    """Renders the template fields of `task` in place. Errors name the field."""
    renderer = renderer or Renderer(task, context)
    for field in task.template_fields if fields is None else fields:
        value = getattr(task, field, None)
        if value is None:
            continue
        try:
            setattr(task, field, renderer.render(value))
        except Exception as error:
            error.leoflow_note = (
                f"while rendering the field {field!r} of task {getattr(task, 'task_id', '?')!r}"
            )
            raise


def report_fields(task, secrets=()):
    """The rendered fields as JSON-ready values for display: bounded in size, secrets replaced by
    ***."""
    return {
        field: _bounded(_display(getattr(task, field, None), secrets))
        for field in task.template_fields
    }


def mask(text, secrets):
    """`text` with every secret in it replaced by ***."""
    for secret in secrets:
        if secret and secret in text:
            text = text.replace(secret, "***")
    return text


def _display(value, secrets):
    kind = type(value)
    if kind is str:
        return mask(value, secrets).encode("utf-8", "backslashreplace").decode()
    if kind in PLAIN and not (
        kind is float and (value != value or value in (float("inf"), float("-inf")))
    ):
        return value
    if isinstance(value, dict):
        return {_display(str(key), secrets): _display(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_display(item, secrets) for item in value]
    return _display(str(value), secrets)


def _bounded(value):
    if type(value) in PLAIN:
        return value
    if isinstance(value, str):
        text = value
    else:
        text = str(value)
    if len(text) <= FIELD_CHARS_MAX:
        return value
    return text[: FIELD_CHARS_MAX - len(TRUNCATED)] + TRUNCATED


def _plain_text(text):
    """What Jinja2 makes of text without syntax: newlines become \\n and one trailing newline
    goes."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text[:-1] if text.endswith("\n") else text


def _native_literal(text):
    """What native rendering makes of text without syntax: the Python literal it spells, or the
    text."""
    import ast

    text = _plain_text(text)
    if not text:
        return None
    try:
        return ast.literal_eval(ast.parse(text, mode="eval"))
    except (ValueError, SyntaxError, MemoryError, TypeError, RecursionError):
        return text

# SPDX-License-Identifier: Apache-2.0
"""@task and its family: a decorated function whose calls make tasks."""
from _collections_abc import Mapping

from airflow.sdk import _scope
from airflow.sdk._binding import plan_of
from airflow.sdk._operator import find_scope
from airflow.sdk._xcomarg import XComArg


def clean_doc(text):
    """A docstring without its indentation."""
    if "\n" not in text:
        return text.strip()
    from inspect import cleandoc
    return cleandoc(text)


def unique_task_id(task_id, dag, group):
    """`task_id`, or with a suffix __1, __2, ... the first that is higher than all in use in the DAG
    or group."""
    dag, group = find_scope(dag, group)
    if dag is None:
        return task_id
    full = group.prefix + task_id
    if full not in dag._ids_in_use:
        return task_id
    core, mark, number = task_id.rpartition("__")
    if not mark or not number.isdigit():
        core = task_id
    return f"{core}__{dag._suffixes.get(group.prefix + core, 0) + 1}"


def returns_mapping(function):
    """Whether the return annotation is a dict or another Mapping."""
    wanted = getattr(function, "__annotations__", None)
    wanted = wanted.get("return") if wanted else None
    if wanted is None:
        return False
    if isinstance(wanted, str):
        try:
            # A postponed annotation; typing.get_type_hints does the same.
            wanted = eval(wanted, function.__globals__)
        except Exception:  # a name that exists for the type checker only
            return False
    wanted = getattr(wanted, "__origin__", wanted)
    return isinstance(wanted, type) and issubclass(wanted, Mapping)


class TaskDecorator:
    """A function under @task. Calling it makes a task and gives its result as an XComArg."""

    is_setup = is_teardown = False

    def __init__(self, function, operator_class, options):
        plan = plan_of(function)
        if plan.is_method:
            raise TypeError(f"@{operator_class.decorator_name} does not support methods")
        plan.check_context_defaults()
        if "task_id" not in options:
            name = getattr(function, "__name__", "task")
            options["task_id"] = "unnamed_lambda" if name == "<lambda>" else name
        if "multiple_outputs" not in options and returns_mapping(function):
            options["multiple_outputs"] = True
        self.function, self.operator_class, self.options = function, operator_class, options
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", "task")
        self.__qualname__ = getattr(function, "__qualname__", self.__name__)
        self.__doc__, self.__module__ = function.__doc__, function.__module__

    def __call__(self, *args, **kwargs):
        function, options = self.function, self.options
        dag, group = options.get("dag"), options.get("task_group")
        if dag is None and group is None and _scope.groups:
            group = _scope.groups[-1]
        defaults = dag.default_args if dag is not None else None
        if group is not None:
            defaults = group.merged_defaults
        plan = plan_of(function)
        for name in plan.unfilled(args, kwargs) if defaults else ():
            if name in defaults:
                kwargs[name] = defaults[name]
        plan.check(args, kwargs)
        task_id = unique_task_id(options["task_id"], dag, group)
        task = self.operator_class(python_callable=function, op_args=args, op_kwargs=kwargs,
                                   **{**options, "task_id": task_id})
        doc = function.__doc__
        if doc and not (task.doc_md or task.doc or task.doc_json or task.doc_yaml or task.doc_rst):
            task.doc_md = clean_doc(doc)
        return XComArg(task)

    def override(self, **options):
        """The same function under other task arguments."""
        other = TaskDecorator.__new__(TaskDecorator)  # what __init__ finds out holds for it too
        other.__dict__.update(self.__dict__)
        other.options = {**self.options, **options}
        return other

    def __repr__(self):
        return f"<@{self.operator_class.decorator_name} {self.options['task_id']}>"

    def _refuse(self, name):
        from airflow.sdk._unsupported import not_supported
        raise not_supported(name, self.options["task_id"])

    def expand(self, *_, **__):
        self._refuse("expand")

    def expand_kwargs(self, *_, **__):
        self._refuse("expand_kwargs")

    def partial(self, *_, **__):
        self._refuse("partial")

    def as_setup(self):
        self._refuse("as_setup")

    def as_teardown(self, **_):
        self._refuse("as_teardown")


def decorate(operator_class, function, options):
    """The decorator in both its forms: on the function itself, or with arguments first."""
    if function is not None:
        if not callable(function):
            raise TypeError(
                f"No args allowed while using @{operator_class.decorator_name}, use kwargs instead")
        return TaskDecorator(function, operator_class, options)
    return lambda function: TaskDecorator(function, operator_class, dict(options))


class _Family:
    """@task itself, and the kinds of task as its attributes."""

    def __call__(self, python_callable=None, **options):
        return self.python(python_callable, **options)

    @staticmethod
    def python(python_callable=None, **options):
        """Runs the function. @task is the same."""
        from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
        return decorate(_PythonDecoratedOperator, python_callable, options)

    @staticmethod
    def bash(python_callable=None, **options):
        """Runs the text the function returns in bash."""
        from airflow.providers.standard.decorators.bash import _BashDecoratedOperator
        return decorate(_BashDecoratedOperator, python_callable, options)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        from airflow.sdk._unsupported import not_supported
        raise not_supported(f"@task.{name}")


task = _Family()

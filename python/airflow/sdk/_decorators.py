# SPDX-License-Identifier: Apache-2.0
"""@task and its family: a decorated function whose calls make tasks."""
from _collections_abc import Mapping
from functools import lru_cache

from airflow.sdk import _scope
from airflow.sdk._binding import plan_of
from airflow.sdk._making import draw_arguments, find_scope, follow, is_plain
from airflow.sdk._xcomarg import XComArg


@lru_cache(maxsize=256)
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
    if not dag._has_id(full):
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


_new = object.__new__
_CALL = frozenset(("dag", "task_group", "python_callable", "op_args", "op_kwargs"))


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
        self._call = function, operator_class, plan, function.__doc__
        self._task_id, self._options, self._over = options["task_id"], options, None
        self._plain_options = None
        self.__doc__, self.__module__ = function.__doc__, function.__module__
        self.__name__ = getattr(function, "__name__", "task")
        self.__qualname__ = getattr(function, "__qualname__", self.__name__)

    @property
    def function(self):
        return self._call[0]

    __wrapped__ = function

    @property
    def operator_class(self):
        return self._call[1]

    @property
    def options(self):
        """The arguments of the task: those of @task, those of override() over them."""
        if self._over is not None:
            self._options, self._over = {**self._over.options, **self._options}, None
        return self._options

    def override(self, **options):
        """The same function under other task arguments."""
        other = _new(TaskDecorator)
        other._call, other._over, other._options = self._call, self, options
        if "task_id" in options and len(options) == 1:
            if self._plain_options is None:
                self._sort_options()
            other._task_id, other._plain_options = options["task_id"], self._plain_options
        else:
            other._task_id, other._plain_options = options.get("task_id", self._task_id), None
        other.__doc__, other.__module__ = self.__doc__, self.__module__
        other.__name__, other.__qualname__ = self.__name__, self.__qualname__
        return other

    def __call__(self, *args, **kwargs):
        groups, options, task_id = _scope.groups, self._plain_options, self._task_id
        if options is None:
            options = self._sort_options()
        known = self._call[1]._known_arguments
        if options is False or known is None or not groups or not (
                type(task_id) is str and task_id.isidentifier() and len(task_id) < 200
                or is_plain(task_id)):
            return self._call_long(args, kwargs)
        group, (function, operator_class, plan, doc) = groups[-1], self._call
        dag, full = group.dag, group.prefix + task_id if group.prefix else task_id
        tasks = dag.task_dict
        if full in tasks or full in dag._groups:
            full = group.prefix + unique_task_id(task_id, None, group)
        if group.merged_defaults:
            if not known.own.isdisjoint(group.merged_defaults):
                return self._call_long(args, kwargs)
            self._fill(args, kwargs, group.merged_defaults)
        if kwargs or not plan.enough <= len(args) <= plan.most:
            plan.check(args, kwargs)
        task = _new(operator_class)
        task.task_id, task._dag, task.task_group, task.python_callable = full, dag, group, function
        if args:
            task.op_args = args
        if kwargs:
            task.op_kwargs = kwargs
        if options or group.task_defaults:
            options = options.copy()  # what a check makes of a value is the task's own
            known.check(options)
            task.__dict__.update({**(group.task_defaults or {}), **options})
        tasks[full] = group.children[full] = task
        if "__" in full:
            dag._note_suffix(full)
        if args:
            follow(task, args)
        if kwargs:
            follow(task, kwargs.values())
        if options:
            draw_arguments(task)
        if doc:
            document(task, doc)
        result = _new(XComArg)
        result.operator = task
        return result

    def _sort_options(self):
        """The options without the id; False when a call has to take the long way
        (airflow.sdk._making)."""
        known = self.operator_class._known_arguments
        options = {name: value for name, value in self.options.items() if name != "task_id"}
        plain = known is not None and _CALL.isdisjoint(options) and known.check(options.copy())
        self._plain_options = options if plain else False
        return self._plain_options

    def _fill(self, args, kwargs, defaults):
        """Parameters that the call leaves open come from default_args."""
        plan = self._call[2]
        for name in () if plan.names.isdisjoint(defaults) else plan.unfilled(args, kwargs):
            if name in defaults:
                kwargs[name] = defaults[name]

    def _call_long(self, args, kwargs):
        function, options = self.function, self.options
        dag, group = options.get("dag"), options.get("task_group")
        if dag is None and group is None and _scope.groups:
            group = _scope.groups[-1]
        defaults = dag.default_args if dag is not None else None
        if group is not None:
            defaults = group.merged_defaults
        if defaults:
            self._fill(args, kwargs, defaults)
        self._call[2].check(args, kwargs)
        task_id = unique_task_id(options["task_id"], dag, group)
        task = self.operator_class(python_callable=function, op_args=args, op_kwargs=kwargs,
                                   **{**options, "task_id": task_id})
        if function.__doc__:
            document(task, function.__doc__)
        return XComArg(task)

    def __repr__(self):
        return f"<@{self.operator_class.decorator_name} {self.options['task_id']}>"

    def _refuse(self, name):
        from airflow.sdk._unsupported import not_supported
        raise not_supported(name, self.options["task_id"])

    def partial(self, **kwargs):
        """The arguments that all instances of a mapped task share; expand() or expand_kwargs() of
        the result makes the task."""
        from airflow.sdk._mapping import TaskPartial
        return TaskPartial(self, kwargs)

    def expand(self, **kwargs):
        """A task with an instance for each element of the argument, or for each combination of
        several."""
        return self.partial().expand(**kwargs)

    def expand_kwargs(self, kwargs, *, strict=True):
        """A task with an instance for each dict of arguments."""
        return self.partial().expand_kwargs(kwargs, strict=strict)

    def as_setup(self):
        self._refuse("as_setup")

    def as_teardown(self, **_):
        self._refuse("as_teardown")


def document(task, doc):
    """A docstring is the documentation of a task that has no other."""
    if not (task.doc_md or task.doc or task.doc_json or task.doc_yaml or task.doc_rst):
        task.doc_md = clean_doc(doc)


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

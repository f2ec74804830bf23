# SPDX-License-Identifier: Apache-2.0
"""How a task is made: the long way, or the short way with the same result.

A task process executes the whole file and then runs one task of it, so what the other tasks cost is
paid for every task of every run. The long way is Python's: `__init__` of the class and of its
bases, with default_args filled in. Operators that users write are made that way, and so is every
task whose call has something unusual.

The short way is for the operators of this package. Each of them lists its arguments (`Known`); the
arguments of a call, checked, become the attributes of the task as they are, and no `__init__` runs.
Whatever it does not know (an argument missing, unknown, refused by its check, stored under another
name) it leaves to the long way, which also words the errors. A call of a function under @task does
the same with fewer steps (airflow.sdk._decorators).

Either way the task is complete when its call returns. Arrows are drawn later (airflow.sdk._arrows).
These paths are written for speed where they read a little longer for it.
"""
from airflow.sdk import _scope
from airflow.sdk._edges import link
from airflow.sdk._fields import PLAIN_CHECKS
from airflow.sdk._xcomarg import XComArg

_NO_DEFAULTS = {}
_PLAIN = frozenset((str, int, float, bool, type(None), bytes))
_PLAIN_ID_CHARS_MAX = 230
_MAKERS = frozenset(("__init__", "__new__", "__setattr__"))
_new = object.__new__


class Known:
    """The arguments of an operator class, for the short way: a check for each of its own (None: any
    value will do), and the one it cannot do without."""

    __slots__ = ("own", "checks", "required")

    def __init__(self, required="task_id", **own):
        self.own = frozenset(own)
        self.checks = {**PLAIN_CHECKS, **own, "task_id": None, "dag": None, "task_group": None}
        self.required = required

    def check(self, given):
        """Checks the arguments in place; False where the long way has to decide."""
        checks = self.checks
        try:
            for name, value in given.items():
                check = checks[name]
                if check is not None:
                    given[name] = check(value, name)
        except Exception:  # the long way meets it again and says where
            return False
        return True


class OwnDict:
    """An attribute that is a dict of its own for each task, made when it is first used."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, task, owner=None):
        return {} if task is None else task.__dict__.setdefault(self.name, {})


def unknown(value, name):
    """The check of an argument that the class treats in a way of its own."""
    raise ValueError(name)


class OperatorMeta(type):
    """Makes tasks, and enters them into their DAG."""

    def __new__(mcls, name, bases, namespace, **kwargs):
        if not isinstance(namespace.get("_known_arguments"), Known):
            namespace["_known_arguments"] = None  # what is known of a class holds for it alone
        init = namespace.get("__init__")
        if init is not None and any(isinstance(base, OperatorMeta) for base in bases):
            namespace["__init__"] = _with_defaults(init)
        cls = super().__new__(mcls, name, bases, namespace, **kwargs)
        drawing = getattr(cls.set_downstream, "__module__", None)
        cls._draws_plainly = drawing == "airflow.sdk._operator"
        return cls

    def __setattr__(cls, name, value):
        super().__setattr__(name, value)
        if name in _MAKERS:
            cls._forget_arguments()

    def _forget_arguments(cls):
        """Somebody replaced how the class makes its tasks: only the long way asks it."""
        cls._known_arguments = None
        for below in cls.__subclasses__():
            below._forget_arguments()

    def __call__(cls, *args, **kwargs):
        if args:
            raise TypeError(f"Use keyword arguments when initializing operators ({cls.__name__})")
        if "dag" in kwargs or "task_group" in kwargs:
            dag, group = find_scope(kwargs.get("dag"), kwargs.get("task_group"))
        elif _scope.groups:
            group = _scope.groups[-1]
            dag = group.dag
        else:
            dag = group = None
        known = cls._known_arguments
        if known is not None and group is not None:
            state = _short(known, kwargs, group)
            if state is not None:
                task = _new(cls)
                task.__dict__ = state
                state["_dag"], state["task_group"] = dag, group
                enter(task, state["task_id"], dag, group)
                draw_arguments(task)
                return task
        return _long(cls, kwargs, dag, group)


def _short(known, given, group):
    """The attributes of a new task; None where the long way has to decide."""
    if known.required not in given or not known.check(given) or not is_plain(given.get("task_id")):
        return None
    if group.merged_defaults and not known.own.isdisjoint(group.merged_defaults):
        return None
    if "dag" in given or "task_group" in given:
        given.pop("dag", None)
        given.pop("task_group", None)
    if group.prefix:
        given["task_id"] = group.prefix + given["task_id"]
    return {**group.task_defaults, **given} if group.task_defaults else given


def is_plain(task_id):
    """Whether it is a legal id without a group's prefix, and short enough for a suffix."""
    if type(task_id) is not str or len(task_id) > _PLAIN_ID_CHARS_MAX:
        return False
    if task_id.isidentifier():
        return True
    try:
        _scope.check_key(task_id, "task_id")
    except ValueError:
        return False
    return True


def enter(task, task_id, dag, group):
    """Enters a task into its DAG and group under its final id."""
    if task_id in dag.task_dict or task_id in dag._groups:
        from airflow.sdk.exceptions import DuplicateTaskIdFound
        raise DuplicateTaskIdFound(
            f"Task id '{task_id}' has already been added to the DAG '{dag.dag_id}'")
    dag.task_dict[task_id] = group.children[task_id] = task
    if "__" in task_id:
        dag._note_suffix(task_id)


def _long(cls, given, dag, group):
    task = cls.__new__(cls)
    initialise(task, given, dag, group)
    if dag is not None:
        enter(task, task.task_id, dag, task.task_group)
    draw_arguments(task)
    return task


def initialise(task, given, dag, group):
    """Runs `__init__` of a task that stands in the DAG and group, with default_args filled in."""
    state = task.__dict__
    state["_dag"], state["task_group"] = dag, group
    own = given.get("default_args")
    inherited = group.merged_defaults if group is not None else _NO_DEFAULTS
    state["_defaults"] = {**inherited, **own} if own else inherited
    task.__init__(**given)
    if "task_id" not in state:
        raise TypeError(
            f"{type(task).__name__}.__init__() has to call super().__init__(task_id=..., **kwargs)")
    del state["_defaults"]


def _with_defaults(init):
    """`init` of a subclass, with its own parameters filled from default_args."""
    code = getattr(init, "__code__", None)
    names = code.co_varnames[1:code.co_argcount + code.co_kwonlyargcount] if code else ()

    def __init__(self, *args, **kwargs):
        if args:
            raise TypeError(
                f"Use keyword arguments when initializing operators ({type(self).__name__})")
        defaults = self.__dict__.get("_defaults")
        if defaults:
            for name in names:
                if name in defaults and name not in kwargs:
                    kwargs[name] = defaults[name]
        init(self, **kwargs)

    __init__.__wrapped__ = init
    __init__.__doc__, __init__.__qualname__ = init.__doc__, init.__qualname__
    return __init__


def find_scope(dag, group):
    """The DAG and group a new task or group belongs to: the ones given, else those of the enclosing
    `with`."""
    if group is not None:
        return (group.dag if dag is None else dag), group
    groups = _scope.groups
    if dag is None:
        return (groups[-1].dag, groups[-1]) if groups else (None, None)
    return dag, groups[-1] if groups and groups[-1].dag is dag else dag.task_group


def draw_arguments(task):
    """Makes a new task follow every task whose result is among its templated arguments."""
    state = task.__dict__
    for field in task.template_fields:
        value = state.get(field)
        if value and value.__class__ not in _PLAIN:
            kind = type(value)
            follow(task, value if kind is tuple else value.values() if kind is dict else (value,))


def follow(task, values):
    """Makes `task` follow every task whose result is or occurs in one of the values."""
    for value in values:
        kind = type(value)
        if kind is XComArg:
            link(value.operator, task)
        elif kind not in _PLAIN:
            draw_edges(task, value)


def draw_edges(task, value):
    """Makes `task` follow every task whose result occurs in `value`."""
    for result in references(value):
        link(result.operator, task)


def references(value):
    """The tasks whose results occur in `value`, however deep."""
    kind = value.__class__
    if kind in _PLAIN:
        return
    if kind is dict or isinstance(value, dict):
        for item in value.values():
            if item.__class__ not in _PLAIN:
                yield from references(item)
    elif kind is list or kind is tuple or isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            if item.__class__ not in _PLAIN:
                yield from references(item)
    elif getattr(kind, "_is_xcom_arg", False):
        yield value
    elif getattr(kind, "_holds_results", False):
        yield from value.results()
    elif isinstance(kind, OperatorMeta):
        raise TypeError(
            f"the operator {value.task_id!r} was given as an argument; give its result, "
            f"{value.task_id}.output")

# SPDX-License-Identifier: Apache-2.0
"""TaskGroup and @task_group: names with a common prefix, common defaults, and arrows to and from
the whole."""
from airflow.sdk import _scope
from airflow.sdk._arrows import DOWNSTREAM, UPSTREAM, ends
from airflow.sdk._edges import DependencyMixin
from airflow.sdk._fields import base_fields
from airflow.sdk._making import find_scope


class TaskGroup(DependencyMixin):
    """A set of tasks and groups of one DAG. `group >> x` starts at its leaves, `x >> group` ends at
    its roots."""

    is_mapped = False
    _is_group = True
    _expansion = _mapped_in = None  # of a mapped group, and the mapped group around (or itself)

    def __init__(self, group_id, prefix_group_id=True, parent_group=None, dag=None,
                 default_args=None, tooltip="", ui_color="CornflowerBlue", ui_fgcolor="#000",
                 add_suffix_on_collision=False, group_display_name=""):
        dag, parent = find_scope(dag, parent_group)
        if dag is None:
            from airflow.sdk.exceptions import AirflowException
            raise AirflowException("TaskGroup can only be used inside a dag")
        _scope.check_key(group_id, "group_id")
        if "." in group_id:
            raise ValueError(f"The group_id {group_id!r} must not contain a dot")
        self.dag, self.parent_group = dag, parent
        self.prefix_group_id = prefix_group_id
        self.default_args = dict(default_args or {})
        self.tooltip, self.ui_color, self.ui_fgcolor = tooltip, ui_color, ui_fgcolor
        self._group_id = self._free_id(group_id, add_suffix_on_collision)
        self.group_display_name = group_display_name or self._group_id
        self.children = {}
        self._before, self._after = [], []
        self._set_defaults(parent.merged_defaults)
        self.prefix = f"{self.group_id}." if prefix_group_id else ""
        if parent._mapped_in is not None:
            self._mapped_in = parent._mapped_in
        dag._register_group(self)
        parent.children[self.group_id] = self

    @classmethod
    def create_root(cls, dag):
        """The group every task of a DAG is in."""
        root = cls.__new__(cls)
        root.dag, root.parent_group, root._group_id, root.prefix = dag, None, None, ""
        root.prefix_group_id, root.default_args, root.children = True, {}, {}
        root.tooltip, root.group_display_name = "", ""
        root.ui_color, root.ui_fgcolor = "CornflowerBlue", "#000"
        root._before, root._after = [], []
        root._set_defaults(dag.default_args)
        return root

    def _set_defaults(self, inherited):
        own = self.default_args
        self.merged_defaults = {**inherited, **own} if own else inherited
        self.task_defaults = None
        if self.merged_defaults:
            self.task_defaults = base_fields(self.merged_defaults,
                                             self._group_id or self.dag.dag_id)

    def _free_id(self, group_id, add_suffix):
        is_used, prefix = self.dag._has_id, self.parent_group.prefix
        if not is_used(prefix + group_id):
            return group_id
        if not add_suffix:
            from airflow.sdk.exceptions import DuplicateTaskIdFound
            raise DuplicateTaskIdFound(
                f"group_id '{prefix + group_id}' has already been added to the DAG "
                f"'{self.dag.dag_id}'")
        number = 1
        while is_used(f"{prefix}{group_id}__{number}"):
            number += 1
        return f"{group_id}__{number}"

    @property
    def is_root(self):
        return self._group_id is None

    @property
    def group_id(self):
        """The id with the ids of the groups around it, as far as those prefix theirs."""
        if self.parent_group is None or self._group_id is None:
            return self._group_id
        return self.parent_group.prefix + self._group_id

    @property
    def node_id(self):
        return self.group_id

    @property
    def label(self):
        return self._group_id

    def child_id(self, label):
        """The id a child of that name gets."""
        return self.prefix + label

    def add(self, task):
        """Puts a task that was made outside into the group."""
        self.dag._arrows.settle(self.dag)  # arrows drawn so far are not the task's
        old = task.task_group
        if old is not None and old is not self and not old.is_root:
            from airflow.sdk.exceptions import TaskAlreadyInTaskGroup
            raise TaskAlreadyInTaskGroup(
                f"cannot add {task.node_id!r} to {self.node_id!r} (already in group "
                f"{task.task_group.node_id!r})")
        task.task_group = self
        if task._dag is None:
            task.dag = self.dag
        self.children[task.node_id] = task

    def __enter__(self):
        _scope.groups.append(self)
        return self

    def __exit__(self, *_):
        _scope.groups.pop()

    def __iter__(self):
        """Its tasks, those of inner groups included."""
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield from child
            else:
                yield child

    def iter_tasks(self):
        return iter(self)

    def has_task(self, task):
        return any(task is one for one in self)

    def get_child_by_label(self, label):
        return self.children[self.child_id(label)]

    @property
    def roots(self):
        return list(self.get_roots())

    @property
    def leaves(self):
        return list(self.get_leaves())

    def get_roots(self):
        """Tasks that follow none of the group; an empty group lends those drawn after it."""
        self.dag._arrows.settle(self.dag)
        tasks = list(self)
        return ends(tasks, UPSTREAM) if tasks else [
            task for one in self._after for task in one.roots]

    def get_leaves(self):
        """Tasks that none of the group follows; an empty group lends those drawn before it."""
        self.dag._arrows.settle(self.dag)
        tasks = list(self)
        return ends(tasks, DOWNSTREAM) if tasks else [
            task for one in self._before for task in one.leaves]

    def update_relative(self, other, upstream=True, edge_modifier=None):
        (self._before if upstream else self._after).append(other)

    def _late_dag(self):
        """A group that holds a task will not pass arrows through, whatever else comes into it."""
        plain = self.__class__ is TaskGroup and any(
            child.__class__ is not TaskGroup for child in self.children.values())
        return self.dag if plain else None

    def topological_sort(self):
        """Its children, each after those it follows."""
        from airflow.sdk._graph import ordered
        tasks = {task.task_id: task for task in self}
        return [tasks[task_id] for task_id in ordered(tasks)]

    def __repr__(self):
        return f"<TaskGroup {self.group_id}>"


class _GroupFactory:
    """A function under @task_group: each call makes a group and runs the function in it."""

    def __init__(self, function, options):
        self.function, self.options = function, options
        options.setdefault("group_id", function.__name__)
        options.setdefault("add_suffix_on_collision", True)
        if not options.get("tooltip") and function.__doc__:
            options["tooltip"] = function.__doc__
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self.__module__ = function.__module__
        self.__wrapped__ = function

    def __call__(self, *args, **kwargs):
        return self.run(kwargs, None, args)

    def run(self, kwargs, expansion, args=()):
        """Makes a group, mapped over the expansion if there is one, and runs the function in it."""
        from airflow.sdk._binding import plan_of
        plan_of(self.function).check(args, kwargs)
        group = TaskGroup(**self.options)
        if expansion is not None:
            from airflow.sdk._mapping import close_group, map_group
            map_group(group, expansion)
        with group:
            defaults = group.merged_defaults
            for name in plan_of(self.function).unfilled(args, kwargs) if defaults else ():
                if name in defaults:
                    kwargs[name] = defaults[name]
            result = self.function(*args, **kwargs)
        if expansion is not None:
            close_group(group)
        return group if result is None else result

    def override(self, **options):
        """The same function under other options."""
        return _GroupFactory(self.function, {**self.options, **options})

    def partial(self, **kwargs):
        """Arguments of the function that are not mapped; expand() or expand_kwargs() of the result
        makes the group."""
        from airflow.sdk._mapping import GroupPartial
        return GroupPartial(self, kwargs)

    def expand(self, **kwargs):
        """A group whose tasks have an instance for each element of the argument, or for each
        combination of several."""
        return self.partial().expand(**kwargs)

    def expand_kwargs(self, kwargs, *, strict=True):
        """A group whose tasks have an instance for each dict of arguments."""
        return self.partial().expand_kwargs(kwargs, strict=strict)


def task_group(group_id=None, **options):
    """Makes a function that draws tasks into a group: @task_group or @task_group(group_id=...,
    ...)."""
    if callable(group_id):
        return _GroupFactory(group_id, options)
    if group_id is not None:
        options["group_id"] = group_id
    return lambda function: _GroupFactory(function, dict(options))

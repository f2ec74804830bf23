# SPDX-License-Identifier: Apache-2.0
"""Dynamic task mapping: partial(), expand() and expand_kwargs() of operators, functions under @task
and task groups.

A mapped task is an object of its operator's class that was never initialised. It holds the
arguments every operator takes (retries, pool, ...), so that all who look at tasks see one; those of
the class itself are kept in its `Mapping` until the process of an instance knows their values and
initialises it. Files without mapped tasks never load this module.
"""
from _collections_abc import Sequence

from airflow.sdk import _scope
from airflow.sdk._binding import CONTEXT_KEYS, Plan, plan_of
from airflow.sdk._combined import is_result
from airflow.sdk._decorators import document, unique_task_id
from airflow.sdk._expansions import ByArgument, ByCall, MappedArgument
from airflow.sdk._fields import ARGUMENTS, ATTRIBUTES, base_fields, check_fields
from airflow.sdk._making import draw_edges, enter, find_scope, initialise
from airflow.sdk._xcomarg import XComArg
from airflow.sdk.exceptions import AirflowException, NotSupportedError

PLACE = frozenset(("task_id", "dag", "task_group", "default_args"))
_parameters = {}


class Mapping:
    """What the instances of a mapped task are made from: the arguments of partial(), and what it is
    mapped over. With `function`, both are arguments of that function."""

    def __init__(self, expansion, given, label, strict, function=None, arguments=None):
        self.expansion, self.given, self.label, self.strict = expansion, given, label, strict
        self.function, self.arguments = function, arguments

    def values(self, fields):
        """The values in the file that become those of template fields, or a part of them."""
        for name, value in self.given.items():
            if name in fields:
                yield value
        if self.function is not None:
            yield self.arguments
        for name, value in self.expansion.literals():
            if self.function is not None or name in fields:
                yield value

    def initialise(self, task, context):
        """Makes of a mapped task, in place, the one of the context's map index. Returns the values
        that are not to be rendered, as they come from results."""
        mapped, fixed = self.expansion.element(context)
        state = task.__dict__
        if self.function is None:
            if self.strict:
                _check_free(mapped, self.given, f"{type(task).__name__} {task.task_id}")
            given = {**self.given, **mapped}
        else:
            given = {**self.given, "op_kwargs": self._call(mapped, task)}
        kept = {name: state[name] for name in ATTRIBUTES if name in state}
        if self.function is None and "params" in mapped:
            own = kept.pop("_own_params", None)
            given["params"] = {**(dict(own.params_items()) if own else {}), **mapped["params"]}
            state.pop("_params", None)
        task_id = task.task_id
        initialise(task, {**given, "task_id": self.label}, task._dag, task.task_group)
        state.update(kept, task_id=task_id)
        state.pop("is_mapped", None)
        return fixed

    def _call(self, mapped, task):
        if self.strict:
            _check_distinct(self.arguments, mapped, "mapping already partial")
        call = {**self.arguments, **mapped}
        _fill(self.function, call, task.task_group.merged_defaults)
        plan_of(self.function).check((), call)
        return call


class Partial:
    """Arguments of a mapped task or group to be; expand() or expand_kwargs() makes it.

    A subclass knows where it will stand (_place), which arguments there are (_check_names), which
    of them may be mapped and which are needed (_check_mapped), and makes it (_map)."""

    def expand(self, **mapped):
        """One instance for each element, or for each combination of elements of several
        arguments."""
        if not mapped:
            raise TypeError("no arguments to expand against")
        self._check_place()
        self._check_names("expand", mapped)
        for name, value in mapped.items():
            _check_mappable(value, name, f"{self.label}.expand()")
        self._check_mapped(mapped)
        return self._map(ByArgument(mapped), False)

    def expand_kwargs(self, kwargs, *, strict=True):
        """One instance for each dict of arguments. Unless `strict`, these may replace arguments of
        partial()."""
        self._check_place()
        if isinstance(kwargs, Sequence) and not isinstance(kwargs, str):
            for item in kwargs:
                if not isinstance(item, dict) and not is_result(item):
                    raise TypeError(
                        f"expected XComArg or list[dict], not list[{type(item).__name__}]")
                if isinstance(item, dict):
                    self._check_call(item, strict)
            kwargs = list(kwargs)
        elif not is_result(kwargs):
            raise TypeError(f"expected XComArg or list[dict], not {type(kwargs).__name__}")
        _check_key(kwargs)
        return self._map(ByCall(kwargs), strict)

    def _check_place(self):
        group = self._place()[1]
        if group is not None and group._mapped_in is not None:
            raise nested(self.label, group)

    def _check_call(self, call, strict):
        for name in call:
            if not isinstance(name, str):
                raise TypeError("expand_kwargs() input dict keys must all be str, but "
                                f"{name!r} is {type(name).__name__}")
        self._check_names("expand_kwargs", call)
        self._check_mapped(call, strict)


class OperatorPartial(Partial):
    """BaseOperator.partial(): of an operator class."""

    def __init__(self, operator_class, given):
        self._class, self.label = operator_class, operator_class.__name__
        self._check_names("partial", given)
        if "task_id" not in given:
            raise TypeError(f"{self.label}.partial() is missing the argument 'task_id'")
        self._task_id = given["task_id"]
        _scope.check_key(self._task_id, "task_id")
        self._scope = find_scope(given.get("dag"), given.get("task_group"))
        self._given = {name: value for name, value in given.items()
                       if name not in PLACE or name == "default_args"}
        self._waiting = (self._task_id, _place_in_file())
        _scope.partials.append(self._waiting)

    def _place(self):
        """Where partial() was called, or else where we are now."""
        return self._scope if self._scope[0] is not None else find_scope(None, None)

    def _check_names(self, method, given):
        _check_class_names(self._class, method, given)

    def _check_mapped(self, mapped, strict=True):
        if strict:
            _check_free(mapped, self._given, f"{self.label} {self._task_id}")
        known = {*self._given, *mapped, *(self._given.get("default_args") or ())}
        group = self._place()[1]
        if group is not None:
            known.update(group.merged_defaults)
        missing = [name for name in _parameters_of(self._class)[1] if name not in known]
        if missing:
            raise TypeError(f"{self.label} {self._task_id} is missing the argument"
                            f"{'s' * (len(missing) > 1)} {', '.join(map(repr, missing))}")

    def _map(self, expansion, strict):
        dag, group = self._place()
        mapping = Mapping(expansion, self._given, self._task_id, strict)
        task = _make(self._class, mapping, dag, group)
        if self._waiting in _scope.partials:
            _scope.partials.remove(self._waiting)
        return task


class FunctionPartial(Partial):
    """partial() of a decorated function: `arguments` are the function's."""

    reserved = frozenset()

    def __init__(self, decorated, arguments):
        self._decorated, self._arguments = decorated, arguments
        self._function = decorated.function
        self.label = decorated.__name__
        self._check_names("partial", arguments)

    def partial(self, **more):
        """The same with more arguments."""
        _check_distinct(self._arguments, more, "duplicate partial")
        return type(self)(self._decorated, {**self._arguments, **more})

    def override(self, **options):
        """The same under other options."""
        return type(self)(self._decorated.override(**options), self._arguments)

    def __call__(self, *_, **__):
        raise TypeError(f"{self.label}.partial() is only half of a call; map it with expand() or "
                        "expand_kwargs()")

    def _check_names(self, method, arguments):
        reserved = [name for name in arguments if name in self.reserved]
        if reserved:
            raise ValueError(f"cannot call {method}() on task context variable"
                             f"{'s' * (len(reserved) > 1)} {', '.join(map(repr, reserved))}")
        plan = plan_of(self._function)
        known = {*plan.positional[plan.positional_only:], *plan.keyword}
        _refuse_unknown(f"{plan.name}.{method}()",
                        [] if plan.varkw else [name for name in arguments if name not in known])

    def _check_mapped(self, mapped, strict=True):
        if strict:
            _check_distinct(self._arguments, mapped, "mapping already partial")
        call = {**self._arguments, **mapped}
        _fill(self._function, call, self._defaults())
        plan_of(self._function).check((), call)

    def _defaults(self):
        """The default_args that hold where the call stands."""
        raise NotImplementedError


class TaskPartial(FunctionPartial):
    """partial() of a function under @task."""

    reserved = CONTEXT_KEYS

    def _place(self):
        options = self._decorated.options
        return find_scope(options.get("dag"), options.get("task_group"))

    def _defaults(self):
        group = self._place()[1]
        return group.merged_defaults if group is not None else {}

    def _map(self, expansion, strict):
        options, function = self._decorated.options, self._function
        operator_class = self._decorated.operator_class
        dag, group = self._place()
        given = {name: value for name, value in options.items()
                 if name not in PLACE or name == "default_args"}
        _check_class_names(operator_class, "partial", given)
        given["python_callable"] = function
        label = unique_task_id(options["task_id"], dag, group)
        mapping = Mapping(expansion, given, label, strict, function, self._arguments)
        task = _make(operator_class, mapping, dag, group)
        if function.__doc__:
            document(task, function.__doc__)
        return XComArg(task)


class GroupPartial(FunctionPartial):
    """partial() of a function under @task_group."""

    def _place(self):
        options = self._decorated.options
        return find_scope(options.get("dag"), options.get("parent_group"))

    def _defaults(self):
        group = self._place()[1]
        own = self._decorated.options.get("default_args") or {}
        return {**group.merged_defaults, **own} if group is not None else own

    def _map(self, expansion, strict):
        plan = plan_of(self._function)
        if isinstance(expansion, ByArgument):
            names = expansion.values
        elif plan.varargs or plan.varkw:
            raise TypeError("calling expand_kwargs() on task group function with * or ** is not "
                            "supported")
        else:
            names = [name for name in (*plan.positional, *plan.keyword)
                     if name not in self._arguments or not strict]
        mapped = {name: MappedArgument(expansion, name, *self._default(plan, name))
                  for name in names}
        return self._decorated.run({**self._arguments, **mapped}, expansion)

    def _default(self, plan, name):
        """What the argument is where expand_kwargs() does not give it, if it is anything."""
        for values in (self._arguments, self._defaults(), plan.defaults):
            if name in values:
                return (values[name],)
        return ()


def map_group(group, expansion):
    """Makes a new, empty group a mapped one. Requires: no group around it is."""
    group.is_mapped, group._expansion, group._mapped_in = True, expansion, group


def close_group(group):
    """What is left to do for a mapped group whose tasks are all there: the first of them follow
    the tasks it is mapped over."""
    for one in group._expansion.results():
        group.set_upstream(one.operator)
    for task in group:
        if task.trigger_rule == "always" and group._expansion.over_results:
            raise _always(task)


def _make(operator_class, mapping, dag, group):
    """The mapped task, entered into its DAG and group, with its edges."""
    if dag is None:
        raise AirflowException(f"the task {mapping.label!r} is mapped outside of a DAG")
    task_id = group.prefix + mapping.label
    task = operator_class.__new__(operator_class)
    state, given = task.__dict__, mapping.given
    state.update(_dag=dag, task_group=group, task_id=task_id, is_mapped=True, _mapped_from=mapping)
    own = given.get("default_args")
    state.update(base_fields({**group.merged_defaults, **own}, task_id) if own
                 else group.task_defaults or {})
    check_fields(task, {name: value for name, value in given.items() if name in ARGUMENTS})
    if task.trigger_rule == "always" and mapping.expansion.over_results:
        raise _always(task)
    enter(task, task_id, dag, group)
    for one in mapping.expansion.results():
        draw_edges(task, one)
    for value in mapping.values(task.template_fields):
        draw_edges(task, value)
    return task


def nested(where, group):
    """The refusal of something mapped in a mapped group."""
    return NotSupportedError(
        f"mapping inside the mapped task group '{group._mapped_in.group_id}' (nested task mapping)",
        "map either the group or what is in it; loop over the other inside of a task", where)


def _always(task):
    return ValueError(
        f"Task-generated mapping within a task using 'expand' is not allowed with trigger rule "
        f"'always' ({task.task_id})")


def _check_mappable(value, name, where):
    if is_result(value):
        _check_key(value)
    elif not isinstance(value, (Sequence, dict)) or isinstance(value, (str, bytes, bytearray)):
        output = getattr(value, "output", None)
        hint = f"; give its result, {value.task_id}.output" if isinstance(output, XComArg) else ""
        raise ValueError(f"{where} got an unexpected type {type(value).__name__!r} for keyword "
                         f"argument {name!r}{hint}")


def _check_key(value):
    if isinstance(value, XComArg) and value.key != "return_value":
        raise ValueError(f"cannot map over XCom with custom key {value.key!r} from "
                         f"{value.operator!r}")


def _check_distinct(first, second, what):
    """Raises TypeError when two sets of arguments share a name."""
    both = [name for name in second if name in first]
    if both:
        raise TypeError(f"{what} argument{'s' * (len(both) > 1)}: {', '.join(both)}")


def _check_free(mapped, given, where):
    """Arguments of an operator that are mapped: they vary, so the server must not need them."""
    taken = [name for name in mapped
             if name != "params" and (name in given or name in PLACE or name in ARGUMENTS)]
    if taken:
        raise TypeError(f"{where}: unmappable or already specified argument"
                        f"{'s' * (len(taken) > 1)}: {', '.join(taken)}")


def _check_class_names(operator_class, method, given):
    known = _parameters_of(operator_class)[0]
    unknown = [name for name in given if name not in known]
    if "deferrable" in unknown and given["deferrable"]:
        from airflow.sdk._unsupported import not_supported
        raise not_supported("deferrable", operator_class.__name__)
    _refuse_unknown(f"{operator_class.__name__}.{method}()", unknown)


def _refuse_unknown(where, names):
    if names:
        several = len(names) > 1
        raise TypeError(f"{where} got {'' if several else 'an '}unexpected keyword argument"
                        f"{'s' * several} {', '.join(map(repr, names))}")


def _parameters_of(operator_class):
    """The names of all arguments of an operator class, and those its own __init__ needs."""
    found = _parameters.get(operator_class)
    if found is None:
        names, required = {*ARGUMENTS, *PLACE}, None
        for base in operator_class.__mro__:
            init = vars(base).get("__init__")
            init = getattr(init, "__wrapped__", init)
            if getattr(init, "__code__", None) is None or base.__name__ == "BaseOperator":
                continue
            plan = Plan(init)
            names.update(plan.names - {"self"})
            if required is None:
                required = [name for name in plan.required if name not in ("self", *PLACE)]
        found = _parameters[operator_class] = (names, required or [])
    return found


def _fill(function, call, defaults):
    """Parameters that a call leaves open come from default_args."""
    for name in plan_of(function).unfilled((), call) if defaults else ():
        if name in defaults:
            call[name] = defaults[name]


def _place_in_file():
    """File and line of the nearest frame outside of this package."""
    import sys
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("airflow."):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno

# SPDX-License-Identifier: Apache-2.0
"""What a task or group is mapped over: the arguments of expand() or expand_kwargs().

When the file is read they say how many instances there will be (sources() of docs/dag-json.md) and
which results that depends on. In the process of an instance, element() gives its own arguments.
"""
from _collections_abc import Mapping

from airflow.sdk._combined import is_result, source_of
from airflow.sdk._making import references
from airflow.sdk._xcomarg import ResolveMixin


class ByArgument:
    """expand(): a collection for each argument; the instances are all combinations of their
    elements, the last argument varying fastest."""

    def __init__(self, values):
        self.values = values

    @property
    def over_results(self):
        return any(map(is_result, self.values.values()))

    def sources(self):
        """How many instances there are, as in dag.json."""
        return [source_of(value) for value in self.values.values()]

    def results(self):
        """The XComArgs in it."""
        return references(self.values)

    def literals(self):
        """Pairs of an argument and a value for it that the file holds."""
        for name, value in self.values.items():
            if not is_result(value):
                yield name, value

    def element(self, context, names=None):
        """The arguments of the instance with the context's map index (of `names` only), and of
        their values those that are not to be rendered: they come from results. Raises LookupError
        if there is none."""
        columns = {name: _elements(value, name, context) for name, value in self.values.items()}
        place, places = context["ti"].map_index, {}
        for name in reversed(columns):
            length = len(columns[name])
            if length == 0:
                raise _gone(context, 0)
            place, places[name] = divmod(place, length)
        if place:
            raise _gone(context, _product(map(len, columns.values())))
        found, fixed = {}, []
        for name in self.values if names is None else names:
            value, is_fixed = columns[name][places[name]], is_result(self.values[name])
            found[name] = _settled(value, is_fixed, fixed, context)
        return found, fixed


class ByCall:
    """expand_kwargs(): the arguments of each instance as a dict."""

    def __init__(self, value):
        self.value = value

    @property
    def over_results(self):
        return is_result(self.value)

    def sources(self):
        return [source_of(self.value)]

    def results(self):
        return references(self.value)

    def literals(self):
        for call in () if self.over_results else self.value:
            if isinstance(call, Mapping):
                yield from call.items()

    def element(self, context, names=None):
        """As ByArgument.element(); arguments that the dict lacks are left out, and its values are
        to be rendered even if it is a result."""
        calls, place = _elements(self.value, "kwargs", context), context["ti"].map_index
        if place >= len(calls):
            raise _gone(context, len(calls))
        call = calls[place]
        if is_result(call):
            call = call.resolve(context)
        if not isinstance(call, Mapping):
            raise ValueError(f"expand_kwargs() expects a list[dict], not list[{_kind(call)}]")
        found, fixed = {}, []
        for name, value in call.items():
            if not isinstance(name, str):
                raise ValueError("expand_kwargs() input dict keys must all be str, but "
                                 f"{name!r} is {_kind(name)}")
            if names is None or name in names:
                found[name] = _settled(value, False, fixed, context)
        return found, fixed


class MappedArgument(ResolveMixin):
    """In the function of a mapped group: the argument `name`, which every instance has a value of
    its own for. `default` holds the one of the function, if it has one."""

    _holds_results = True

    def __init__(self, expansion, name, *default):
        self._expansion, self._name, self._default = expansion, name, default

    def results(self):
        return self._expansion.results()

    def iter_references(self):
        for one in self.results():
            yield one.operator, one.key

    def resolve(self, context):
        """The value for the context's map index."""
        found, _ = self._expansion.element(context, (self._name,))
        if self._name in found:
            return found[self._name]
        if self._default:
            return self._default[0]
        raise TypeError(f"expand_kwargs() of the task group gives no {self._name!r} for map_index "
                        f"{context['ti'].map_index}")

    def __iter__(self):
        raise self._unknown("iterate")

    def __format__(self, spec):
        raise self._unknown("write it into a text")

    def _unknown(self, what):
        return TypeError(f"the argument {self._name!r} of a mapped task group is known only when "
                         f"its tasks run; give it to a @task and {what} there")

    def __repr__(self):
        return f"MappedArgument({self._name!r})"


def _elements(value, name, context):
    """The elements of a collection that may be a result."""
    from leoflow.runtime.lazy import elements_of
    return elements_of(value.resolve(context) if is_result(value) else value,
                       f"the mapped argument {name!r}")


def _settled(value, is_fixed, fixed, context):
    """The value as the task gets it; noted in `fixed` if it is not to be rendered."""
    if is_result(value):
        value, is_fixed = value.resolve(context), True
    if is_fixed:
        fixed.append(value)
    return value


def _gone(context, length):
    instance = context["ti"]
    return LookupError(
        f"there is nothing for map_index {instance.map_index} of {instance.task_id!r}: what it is "
        f"mapped over has {length} elements now\nhint: the task that returns it ran again with "
        "another result; clear the mapped task too")


def _product(lengths):
    product = 1
    for length in lengths:
        product *= length
    return product


def _kind(value):
    return type(value).__name__

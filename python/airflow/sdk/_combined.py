# SPDX-License-Identifier: Apache-2.0
"""Results made of results: map(), zip() and concat() of an XComArg.

Like an XComArg they are arguments of tasks, mapped ones and others. Each knows how many elements it
will have by a source of docs/dag-json.md; the elements are made in the task that uses them
(leoflow.runtime.lazy).
"""
from airflow.sdk._edges import DependencyMixin
from airflow.sdk._xcomarg import ResolveMixin, XComArg

NOT_GIVEN = object()


def source_of(value):
    """How many elements a collection has, as in dag.json: a number, the id of the task whose result
    it is, or what zip() and concat() put together."""
    if isinstance(value, XComArg):
        return value.operator.task_id
    return value.source() if isinstance(value, CombinedXComArg) else len(value)


def is_result(value):
    """Whether it is the result of a task, or made of such."""
    return isinstance(value, (XComArg, CombinedXComArg))


class CombinedXComArg(ResolveMixin, DependencyMixin):
    """What is made of the return values `arguments`, each an XComArg or made of such itself."""

    _holds_results = True
    name = ""

    def __init__(self, arguments):
        for one in arguments:
            if not is_result(one):
                raise TypeError(f"{self.name}() takes results of tasks, not {type(one).__name__}")
            if isinstance(one, XComArg) and one.key != "return_value":
                raise ValueError(
                    f"cannot {self.name} a non-return XCom: the key {one.key!r} of "
                    f"{one.operator.task_id!r}")
        self.arguments = tuple(arguments)

    def source(self):
        """How many elements it will have; see source_of()."""
        raise NotImplementedError

    def results(self):
        """The XComArgs it is made of."""
        for one in self.arguments:
            if isinstance(one, XComArg):
                yield one
            else:
                yield from one.results()

    def iter_references(self):
        for one in self.results():
            yield one.operator, one.key

    def _values(self, context):
        from leoflow.runtime.lazy import elements_of
        return [elements_of(one.resolve(context), self.name) for one in self.arguments]

    @property
    def roots(self):
        return list(dict.fromkeys(one.operator for one in self.results()))

    leaves = roots

    def map(self, f):
        """What `f` makes of each element, when the consumer asks for it."""
        return MapXComArg(self, f)

    def zip(self, *others, **options):
        """Tuples of one element of each."""
        return ZipXComArg((self, *others), **options)

    def concat(self, *others):
        """All elements, one after another."""
        return ConcatXComArg((self, *others))

    def __iter__(self):
        raise TypeError(f"the result of {self.name}() is known only when tasks have run; give it "
                        "to a @task and iterate there")

    def __repr__(self):
        return f"{self.name}({', '.join(map(repr, self.arguments))})"


class MapXComArg(CombinedXComArg):
    """What a function makes of each element."""

    name = "map"

    def __init__(self, argument, function):
        super().__init__((argument,))
        from airflow.sdk._decorators import TaskDecorator
        if isinstance(function, TaskDecorator):
            raise ValueError("map() argument must be a plain function, not a @task operator")
        if not callable(function):
            raise TypeError(f"map() takes a function, not {type(function).__name__}")
        self.function = function

    def source(self):
        return source_of(self.arguments[0])

    def resolve(self, context):
        from leoflow.runtime.lazy import MapResult
        return MapResult(self._values(context)[0], self.function)


class ZipXComArg(CombinedXComArg):
    """Tuples of one element of each."""

    name = "zip"

    def __init__(self, arguments, *, fillvalue=NOT_GIVEN):
        super().__init__(arguments)
        self.fillvalue = fillvalue

    def source(self):
        return {"zip": [source_of(one) for one in self.arguments],
                "fill": self.fillvalue is not NOT_GIVEN}

    def resolve(self, context):
        from leoflow.runtime.lazy import ZipResult
        fill = () if self.fillvalue is NOT_GIVEN else (self.fillvalue,)
        return ZipResult(self._values(context), *fill)


class ConcatXComArg(CombinedXComArg):
    """All elements, one result after another."""

    name = "concat"

    def source(self):
        return {"concat": [source_of(one) for one in self.arguments]}

    def resolve(self, context):
        from leoflow.runtime.lazy import ConcatResult
        return ConcatResult(self._values(context))

# SPDX-License-Identifier: Apache-2.0
"""Sequences whose elements are made when they are asked for: the XComs of all instances of a mapped
task, fetched page by page, and what map(), zip() and concat() make of such and of lists."""

from _collections_abc import Sequence
from itertools import islice

from leoflow.runtime import serde
from leoflow.runtime.instance import RETURN_KEY


class LazySequence(Sequence):
    """A sequence that equals any other with equal elements. As an XCom it is a list."""

    __hash__ = None

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self._at(place) for place in range(*index.indices(len(self)))]
        place = index.__index__()
        if place < 0:
            place += len(self)
        if not 0 <= place < len(self):
            raise IndexError(f"index {index} is outside of {len(self)} elements")
        return self._at(place)

    def __iter__(self):
        for place in range(len(self)):
            yield self._at(place)

    def _at(self, place):
        """The element at a place that exists."""
        raise NotImplementedError

    def __eq__(self, other):
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other))

    def __repr__(self):
        return _shown(type(self).__name__, len(self))


class LazyXComSequence(LazySequence):
    """The XComs `key` of all instances of `task_id`, in the order of their map indexes. Instances
    that pushed nothing have no place in it."""

    def __init__(self, instance, task_id, key=RETURN_KEY):
        self._agent, self._task_id, self._key = instance._agent, task_id, key
        ready = instance._ready.get(task_id) if key == RETURN_KEY else None
        self._first = self._page = None
        self._total = None
        if ready is not None:
            self._keep(0, ready)

    def __len__(self):
        if self._total is None:
            self._fetch(0)
        return self._total

    def __repr__(self):
        return _shown("LazyXComSequence", self._total)

    def _at(self, place):
        for page in (self._page, self._first):
            if page is not None and 0 <= place - page[0] < len(page[1]):
                return serde.decode(page[1][place - page[0]])
        self._fetch(place)
        if not self._page[1]:
            raise IndexError(f"element {place} of the results of {self._task_id!r} is gone")
        return serde.decode(self._page[1][0])

    def _fetch(self, offset):
        (answer,) = self._agent.xcom_pull([self._task_id], self._key, map_index=None, offset=offset)
        self._keep(offset, answer)

    def _keep(self, offset, answer):
        self._page = offset, answer.get("values") or []
        if self._total is None:
            self._total, self._first = answer.get("total", 0), self._page if offset == 0 else None


class MapResult(LazySequence):
    """What a function makes of each element."""

    def __init__(self, values, function):
        self._values, self._function = values, function

    def __len__(self):
        return len(self._values)

    def _at(self, place):
        return self._function(self._values[place])


class ZipResult(LazySequence):
    """Tuples of one element of each: as many as the shortest has, with `fill` the longest."""

    def __init__(self, values, *fill):
        self._values, self._fill = values, fill

    def __len__(self):
        return (max if self._fill else min)(map(len, self._values))

    def _at(self, place):
        return tuple([values[place] if place < len(values) else self._fill[0]
                      for values in self._values])


class ConcatResult(LazySequence):
    """All elements, one sequence after another."""

    def __init__(self, values):
        self._values = values

    def __len__(self):
        return sum(map(len, self._values))

    def _at(self, place):
        for values in self._values:
            if place < len(values):
                return values[place]
            place -= len(values)
        raise IndexError(place)


class Pairs(LazySequence):
    """The (key, value) pairs of a dict."""

    def __init__(self, values):
        self._values = values

    def __len__(self):
        return len(self._values)

    def __iter__(self):
        return iter(self._values.items())

    def _at(self, place):
        return next(islice(self._values.items(), place, None))


def _shown(name, length):
    if length is None:
        return f"{name}(<unevaluated length>)"
    return f"{name}([{length} item{'s' * (length != 1)}])"


def is_collection(value):
    """Whether tasks can be mapped over it: a sequence that is no text, or a dict."""
    return isinstance(value, (Sequence, dict)) and not isinstance(value, (str, bytes, bytearray))


def elements_of(value, use):
    """The elements of a collection as a sequence. Raises ValueError for anything else, which says
    what the `use` was."""
    if not is_collection(value):
        raise ValueError(f"{use} expects a list or a dict, not {type(value).__name__}")
    return Pairs(value) if isinstance(value, dict) else value

# SPDX-License-Identifier: Apache-2.0
"""How arguments and context meet a function's parameters.

Plain functions are read from their code object (inspect costs more than a whole DAG file); any
other callable goes through inspect.signature. Parameters named like context entries are optional:
the context fills them.
"""
import sys

CONTEXT_KEYS = frozenset((
    "conf", "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "ds_nodash",
    "exception",
    "expanded_ti_count", "inlet_events", "inlets", "logical_date", "macros", "map_index_template",
    "outlet_events",
    "outlets", "params", "partition_key", "prev_data_interval_end_success",
    "prev_data_interval_start_success",
    "prev_end_date_success", "prev_start_date_success", "reason", "run_id", "start_date", "task",
    "task_instance",
    "task_instance_key_str", "task_reschedule_count", "templates_dict", "test_mode", "ti",
    "triggering_asset_events",
    "ts", "ts_nodash", "ts_nodash_with_tz", "try_number", "var"))
_VARARGS, _VARKEYWORDS = 0x04, 0x08


class Plan:
    """The parameters of one function."""

    __slots__ = ("name", "positional", "positional_only", "keyword", "required", "enough", "most",
                 "names", "varargs", "varkw", "defaults", "is_method")

    def __init__(self, function):
        self.name = getattr(function, "__name__", type(function).__name__)
        code = getattr(function, "__code__", None)
        if code is not None and not hasattr(function, "__wrapped__") and not hasattr(function,
                                                                                     "__self__"):
            self._from_code(function, code)
        else:
            self._from_signature(function)
        self.is_method = self.positional[:1] == ("self",)

    def _from_code(self, function, code):
        count = code.co_argcount
        self.positional = code.co_varnames[:count]
        self.positional_only = code.co_posonlyargcount
        self.keyword = code.co_varnames[count:count + code.co_kwonlyargcount]
        self.varargs, self.varkw = bool(code.co_flags & _VARARGS), bool(
            code.co_flags & _VARKEYWORDS)
        given = function.__defaults__ or ()
        self.defaults = dict(zip(self.positional[count - len(given):], given)) if given else {}
        if function.__kwdefaults__:
            self.defaults.update(function.__kwdefaults__)
        self._finish()

    def _from_signature(self, function):
        import inspect
        kinds = inspect.Parameter
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):  # a builtin that does not say
            self.positional, self.positional_only, self.keyword, self.defaults = (), 0, (), {}
            self.varargs = self.varkw = True
            self._finish()
            return
        by_place = (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
        self.positional = tuple(p.name for p in parameters if p.kind in by_place)
        self.positional_only = sum(p.kind is kinds.POSITIONAL_ONLY for p in parameters)
        self.keyword = tuple(p.name for p in parameters if p.kind is kinds.KEYWORD_ONLY)
        self.varargs = any(p.kind is kinds.VAR_POSITIONAL for p in parameters)
        self.varkw = any(p.kind is kinds.VAR_KEYWORD for p in parameters)
        self.defaults = {p.name: p.default for p in parameters if p.default is not kinds.empty}
        self._finish()

    def _finish(self):
        self.required = tuple(name for name in self.positional + self.keyword
                              if name not in self.defaults and name not in CONTEXT_KEYS)
        self.names = frozenset(self.positional + self.keyword)
        places = [place + 1 for place, name in enumerate(self.positional) if name in self.required]
        needs_keyword = any(name in self.required for name in self.keyword)
        # Calls without keywords and with this many arguments are fine.
        self.enough = sys.maxsize if needs_keyword else max(places, default=0)
        self.most = sys.maxsize if self.varargs else len(self.positional)

    def check(self, args, kwargs):
        """Raises TypeError when a call with these arguments could not work even with the context's
        help."""
        positional = self.positional
        if len(args) > self.most:
            raise TypeError(
                f"{self.name}() takes {len(positional)} positional arguments but {len(args)} were "
                "given")
        if kwargs:
            self._check_keywords(args, kwargs)
        if len(args) < self.enough:
            filled = positional[:len(args)]
            missing = [name for name in self.required if name not in kwargs and name not in filled]
            if missing:
                raise TypeError(f"{self.name}() is missing the argument{'s' * (len(missing) > 1)} "
                                f"{', '.join(map(repr, missing))}")

    def _check_keywords(self, args, kwargs):
        by_name = self.positional[self.positional_only:]
        filled = self.positional[self.positional_only:len(args)]
        for name in kwargs:
            if name in filled:
                raise TypeError(f"{self.name}() got multiple values for argument {name!r}")
            if not self.varkw and name not in by_name and name not in self.keyword:
                raise TypeError(f"{self.name}() got an unexpected keyword argument {name!r}")

    def check_context_defaults(self):
        """Raises ValueError when a parameter named like a context entry has a default other than
        None."""
        for name in CONTEXT_KEYS & self.defaults.keys():
            if self.defaults[name] is not None:
                raise ValueError(
                    f"Context key parameter {name} of {self.name}() can't have a default other "
                    "than None")

    def unfilled(self, args, kwargs):
        """Parameters a call with these arguments leaves to their defaults or to the context."""
        return [name for name in self.positional[len(args):] + self.keyword if name not in kwargs]

    def keywords_from(self, args, context):
        """The entries of `context` the function can take by keyword beside `args`."""
        for name in self.positional[:len(args)]:
            if name in context and name in CONTEXT_KEYS:
                raise ValueError(
                    f"The key {name!r} in args is a part of kwargs and therefore reserved.")
        taken = self.positional[:len(args)]
        if self.varkw:
            return {name: context[name] for name in context if name not in taken}
        names = self.positional[max(self.positional_only, len(args)):] + self.keyword
        return {name: context[name] for name in names if name in context}


_plans = {}


def plan_of(function):
    """The plan of a function; the same one each time while the function is in use."""
    found = _plans.get(id(function))
    if found is None or found[0] is not function:
        found = _plans[id(function)] = (function, Plan(function))
    return found[1]


def keywords_for(function, args, context):
    """The keyword arguments `function` gets from a context merged with its op_kwargs."""
    return plan_of(function).keywords_from(args, context)


def merged_context(context, op_kwargs, **more):
    """The context overlaid with the task's own keyword arguments, as a plain dict."""
    merged = {name: context[name] for name in context}
    merged.update(op_kwargs)
    merged.update(more)
    return merged

# SPDX-License-Identifier: Apache-2.0
"""Params: named values of a DAG or task, each with a default, a JSON schema and a description."""
from _collections_abc import Mapping, MutableMapping

from airflow.sdk._xcomarg import ResolveMixin


class _NotSet:
    def __repr__(self):
        return "NOTSET"

    def __bool__(self):
        return False


NOTSET = _NotSet()


class Param:
    """One param. Without a default, a run has to bring the value. Other keywords are the JSON
    schema."""

    CLASS_IDENTIFIER = "__class"

    def __init__(self, default=NOTSET, description=None, source=None, **kwargs):
        self.value = default
        self.description = description
        self.source = source
        self.schema = kwargs.pop("schema") if "schema" in kwargs else kwargs
        if not isinstance(self.schema, dict):
            raise TypeError(
                f"the schema of a Param must be a dict, not {type(self.schema).__name__}")

    @property
    def has_value(self):
        return self.value is not NOTSET

    def resolve(self, value=NOTSET, suppress_exception=False):
        """The value in force (`value`, else the default), checked against the schema.

        Raises ParamValidationError; with suppress_exception the answer is None instead."""
        final = self.value if value is NOTSET else value
        problem = self._problem(final)
        if problem:
            if suppress_exception:
                return None
            from airflow.sdk.exceptions import ParamValidationError
            raise ParamValidationError(problem)
        self.value = final
        return final

    def _problem(self, value):
        if value is NOTSET:
            return "No value passed and Param has no default value"
        if not self.schema:
            return None
        from airflow.sdk._schema import first_error
        return first_error(value, self.schema)

    def dump(self):
        return {"value": self.value if self.has_value else None, "schema": self.schema,
                "description": self.description, "source": self.source}

    def copy(self):
        twin = Param.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __repr__(self):
        return f"Param({self.value!r})"


class ParamsDict(MutableMapping):
    """Params by name; looking one up gives its value, checked. Plain values are wrapped in
    Param."""

    def __init__(self, params=None, suppress_exception=False):
        self.__dict__.update(_params={}, suppress_exception=suppress_exception)
        self.update(params or {})

    def __setitem__(self, name, value):
        if not isinstance(value, Param):
            old = self._params.get(name)
            param = Param() if old is None else old.copy()
            self._resolve(name, param, value)
            value = param
        self._params[name] = value

    def _resolve(self, name, param, value=NOTSET):
        from airflow.sdk.exceptions import ParamValidationError
        try:
            return param.resolve(value, self.suppress_exception)
        except ParamValidationError as error:
            raise ParamValidationError(f"Invalid input for param {name}: {error}") from None

    def __getitem__(self, name):
        return self._resolve(name, self._params[name])

    def __delitem__(self, name):
        del self._params[name]

    def __iter__(self):
        return iter(self._params)

    def __len__(self):
        return len(self._params)

    def __contains__(self, name):
        return name in self._params

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._params:
            raise AttributeError(f"'ParamsDict' object has no attribute {name!r}")
        return self[name]

    def get_param(self, name):
        """The Param behind a name."""
        return self._params[name]

    def params_items(self):
        """(name, Param) pairs, nothing resolved."""
        return self._params.items()

    def update(self, *others, **more):
        for other in (*others, more):
            if isinstance(other, ParamsDict):
                self._params.update((name, param.copy()) for name, param in other.params_items())
                continue
            for name, value in other.items() if hasattr(other, "items") else other or ():
                self[name] = value.copy() if isinstance(value, Param) else value

    def copy(self):
        return ParamsDict(self, self.suppress_exception)

    __copy__ = copy

    def __deepcopy__(self, memo):
        return self.copy()

    def dump(self):
        """Values by name."""
        return {name: self[name] for name in self._params}

    def validate(self):
        """Checks every param and gives the values; raises ParamValidationError."""
        return self.dump()

    def __eq__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.dump() == (other.dump() if isinstance(other, ParamsDict) else dict(other))

    __hash__ = None

    def __repr__(self):
        return f"{ {name: param.value for name, param in self.params_items()} }"


class DagParam(ResolveMixin):
    """The param of a DAG as an argument of a task; what an argument of a @dag function is inside
    it."""

    def __init__(self, current_dag, name, default=NOTSET):
        if default is not NOTSET:
            current_dag.params[name] = default
        self.current_dag = current_dag
        self._name = name

    def resolve(self, context):
        return context["params"][self._name]

    def __repr__(self):
        return f"DagParam({self._name!r})"

    def __iter__(self):
        raise TypeError(
            f"the DAG argument {self._name!r} has a value only when a run exists; use it in a task")


def process_params(dag_params, task_params, conf):
    """The params a task sees: the DAG's, then the task's, then the run's conf; checked."""
    params = ParamsDict(dag_params)
    params.update(task_params or {})
    params.update(conf or {})
    return params.validate()

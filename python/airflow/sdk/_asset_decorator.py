# SPDX-License-Identifier: Apache-2.0
"""@asset and @asset.multi: a function that makes an asset, with the DAG and the task around it."""
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk._assets import Asset, BaseAsset, outlets_of
from airflow.sdk._binding import plan_of


class _AssetMainOperator(PythonOperator):
    """Runs a function under @asset: its arguments are `self`, `context`, and assets by name."""

    custom_operator_name = "@asset"
    definition_name = ""

    def __init__(self, *, definition_name, **kwargs):
        super().__init__(**kwargs)
        self.definition_name = definition_name

    def keywords(self, context):
        from leoflow.runtime.assets import find_asset
        plan = plan_of(self.python_callable)
        found = {}
        for name in plan.positional + plan.keyword:
            if name in plan.defaults:
                found[name] = plan.defaults[name]
            elif name == "context":
                found[name] = context
            else:
                found[name] = find_asset(self.definition_name if name == "self" else name, context)
        return found


class _Source:
    """What makes the DAG around the function."""

    def __init__(self, schedule, options):
        self.schedule, self.options = schedule, options

    def make(self, function, outlets):
        """The DAG of `function`, named after it unless `dag_id` says otherwise, and its task."""
        from airflow.sdk._dag import DAG
        name = function.__name__
        if name != function.__qualname__:
            raise ValueError("nested function not supported")
        options = dict(self.options)
        dag_id = options.pop("dag_id", None) or name
        if function.__doc__ and "description" not in options:
            from airflow.sdk._decorators import clean_doc
            options["description"] = clean_doc(function.__doc__)
        dag = DAG(dag_id, schedule=self.schedule, **options)
        code = function.__code__
        dag.fileloc, dag._line = code.co_filename, code.co_firstlineno
        plan = plan_of(function)
        inlets = [Asset.ref(name=one) for one in plan.positional + plan.keyword
                  if one not in ("self", "context") and one not in plan.defaults]
        with dag:
            _AssetMainOperator(task_id=name, inlets=inlets, outlets=outlets,
                               python_callable=function, definition_name=name)
        return dag


class AssetDefinition(Asset):
    """The asset that a function under @asset makes."""

    def __init__(self, function, source, *, uri, group, extra, watchers):
        super().__init__(function.__name__, uri, group=group, extra=extra, watchers=watchers)
        self.__doc__, self._function = function.__doc__, function
        source.make(function, [self])


class MultiAssetDefinition(BaseAsset):
    """The assets that a function under @asset.multi makes; as a schedule, all of them."""

    def __init__(self, function, source, outlets):
        self.name, self._outlets, self._function = function.__name__, outlets, function
        source.make(function, outlets)

    def as_expression(self):
        return {"all": [one.as_expression() for one in self._outlets]}

    def _leaves(self):
        return iter(self._outlets)


class _Multi:
    """@asset.multi(schedule=..., outlets=[...])"""

    def __init__(self, *, schedule, outlets, **options):
        self._source, self._outlets = _Source(schedule, options), outlets_of(outlets, "outlets")

    def __call__(self, function):
        if not self._outlets:
            raise ValueError("no outlets provided")
        return MultiAssetDefinition(_function(function, "@asset.multi"), self._source,
                                    self._outlets)


class asset:
    """@asset(schedule=..., uri=...): makes the function a DAG of one task whose outlet is an asset
    of the function's name."""

    multi = _Multi

    def __init__(self, *, schedule, uri=None, group=None, extra=None, watchers=None, **options):
        self._source = _Source(schedule, options)
        self._asset = {"uri": uri, "group": group, "extra": extra, "watchers": watchers}

    def __call__(self, function):
        return AssetDefinition(_function(function, "@asset"), self._source, **self._asset)


def _function(function, name):
    if not hasattr(function, "__code__"):
        raise TypeError(f"{name} takes a function, not {type(function).__name__}")
    return function

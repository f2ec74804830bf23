# SPDX-License-Identifier: Apache-2.0
"""The Jinja2 environment of a DAG: sandboxed, strict about undefined names, with Airflow's date
filters.

Only leoflow.runtime.templates imports this module, and only when a template has to be rendered.
"""

import datetime

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.nativetypes import NativeEnvironment
from jinja2.sandbox import SandboxedEnvironment, is_internal_attribute


class TextEnvironment(SandboxedEnvironment):
    """Refuses what would lead out of the sandbox; names with one leading underscore are allowed."""

    def is_safe_attribute(self, obj, attr, value):
        return not is_internal_attribute(obj, attr)


class ValueEnvironment(TextEnvironment, NativeEnvironment):
    """The same, but a template gives a Python value."""


def make_environment(dag, native):
    """The environment with the settings of `dag`, which may be None."""
    folders = [folder for folder in _folders(dag) if folder]
    options = {
        "loader": FileSystemLoader(folders),
        "extensions": ["jinja2.ext.do"],
        "cache_size": 0,
    }
    options["undefined"] = getattr(dag, "template_undefined", None) or StrictUndefined
    options.update(getattr(dag, "jinja_environment_kwargs", None) or {})
    environment = (ValueEnvironment if native else TextEnvironment)(**options)
    environment.filters.update(FILTERS)
    environment.globals.update(getattr(dag, "user_defined_macros", None) or {})
    environment.filters.update(getattr(dag, "user_defined_filters", None) or {})
    return environment


def _folders(dag):
    search = getattr(dag, "template_searchpath", None) or []
    return [getattr(dag, "folder", None), *([search] if isinstance(search, str) else search)]


def _date_filter(convert):
    def apply(value):
        if value is None:
            return None
        if not isinstance(value, datetime.date):
            raise TypeError(f"the filter wants a date, not {type(value).__name__}")
        return convert(value)

    return apply


FILTERS = {
    "ds": _date_filter(lambda value: value.strftime("%Y-%m-%d")),
    "ds_nodash": _date_filter(lambda value: value.strftime("%Y%m%d")),
    "ts": _date_filter(lambda value: value.isoformat()),
    "ts_nodash": _date_filter(lambda value: value.strftime("%Y%m%dT%H%M%S")),
    "ts_nodash_with_tz": _date_filter(
        lambda value: value.isoformat().replace("-", "").replace(":", "")
    ),
}

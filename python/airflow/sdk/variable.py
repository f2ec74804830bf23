# SPDX-License-Identifier: Apache-2.0
"""Variables: named texts kept by the server, or given in the environment as AIRFLOW_VAR_<KEY>."""

import json

from leoflow.runtime import secrets
from leoflow.runtime.client import AgentError

_NOT_SET = object()


class Variable:
    """Reads and writes variables by name. Failures are AirflowRuntimeError with VARIABLE_NOT_FOUND
    in the message."""

    @staticmethod
    def get(key, default=_NOT_SET, deserialize_json=False, *, default_var=_NOT_SET):
        """The value of `key`; `default` (or `default_var`) when there is none. The default is given
        back as it is."""
        if default is _NOT_SET:
            default = default_var
        try:
            text = secrets.variable_text(key)
        except AgentError as error:
            raise _failure(error, key) from None
        except secrets.Unavailable as error:
            if default is not _NOT_SET:
                return default
            raise _runtime_error(str(error), "VARIABLE_NOT_FOUND") from None
        if text is None:
            if default is _NOT_SET:
                raise _runtime_error(
                    f"VARIABLE_NOT_FOUND: variable {key!r} does not exist", "VARIABLE_NOT_FOUND"
                )
            return default
        return json.loads(text) if deserialize_json else text

    @staticmethod
    def set(key, value, description=None, serialize_json=False):
        """Stores `value` under `key`, as JSON on demand and otherwise as text."""
        text = json.dumps(value, indent=2) if serialize_json else str(value)
        agent = secrets.agent_for_writing("variable", key)
        if secrets.is_sensitive(key):
            secrets.hide(agent, [text])
        _ask(key, agent.variable_set, key, text, description)

    @staticmethod
    def delete(key):
        """Removes `key`; a variable that does not exist is no error."""
        try:
            secrets.agent_for_writing("variable", key).variable_delete(key)
        except AgentError as error:
            if error.code != "not_found":
                raise _failure(error, key) from None


def _ask(key, call, *args):
    try:
        return call(*args)
    except AgentError as error:
        raise _failure(error, key) from None


def _failure(error, key):
    if error.code == "not_found":
        return _runtime_error(
            f"VARIABLE_NOT_FOUND: variable {key!r} does not exist", "VARIABLE_NOT_FOUND"
        )
    return _runtime_error(f"variable {key!r}: {error}", error.code.upper())


def _runtime_error(message, code):
    from airflow.sdk.exceptions import AirflowRuntimeError

    return AirflowRuntimeError(message, code)

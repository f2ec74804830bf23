# SPDX-License-Identifier: Apache-2.0
"""Where variables and connections come from: the process environment first, then the agent."""

import os

from leoflow.runtime import client as _client

VARIABLE_PREFIX = "AIRFLOW_VAR_"
CONNECTION_PREFIX = "AIRFLOW_CONN_"
MASK_CHARS_MIN = 5
SENSITIVE = (
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "secret",
    "token",
    "keyfile_dict",
    "service_account",
)


class Unavailable(RuntimeError):
    """Asked outside of a task, where only the environment can answer."""


# What the agent put into the environment when the task started. The agent is asked again for these,
# since they may have changed by now; a value that user code put there itself stands.
delivered = {}


def variable_text(key):
    """The text of variable `key`, or None. Raises AgentError when the agent refuses, Unavailable
    outside of a task."""
    text = _own(VARIABLE_PREFIX + key.upper())
    if text is not None:
        return text
    agent = _agent("variable", key, VARIABLE_PREFIX)
    text = agent.variable_get(key)
    if text is not None and is_sensitive(key):
        hide(agent, [text])
    return text


def connection_source(conn_id):
    """The connection as the environment's text (URI or JSON) or the agent's dict, or None."""
    text = _own(CONNECTION_PREFIX + conn_id.upper())
    if text:
        return text
    agent = _agent("connection", conn_id, CONNECTION_PREFIX)
    fields = agent.connection_get(conn_id)
    if fields is not None and fields.get("password"):
        hide(agent, [fields["password"]])
    return fields


def _own(name):
    text = os.environ.get(name)
    return None if text == delivered.get(name) else text


def agent_for_writing(what, key):
    """The client of the task. Raises Unavailable outside of one."""
    return _agent(what, key, None)


def is_sensitive(name):
    """Whether values under this name are hidden: it contains password, token, secret or the
    like."""
    name = name.strip().lower()
    return any(word in name for word in SENSITIVE)


def hide(agent, values):
    """Has `values` masked from now on; short ones would hide half of every log and are left."""
    wanted = [value for value in values if isinstance(value, str) and len(value) >= MASK_CHARS_MIN]
    if wanted:
        agent.mask(wanted)


def _agent(what, key, prefix):
    agent = _client.current()
    if agent is not None:
        return agent
    message = f"the {what} {key!r} can only be used inside a running task"
    if prefix is not None:
        message += f": while a DAG file is read only the environment answers, and {prefix}{key.upper()} is not set"
    raise Unavailable(f"{message}\nhint: move the call into a task, or into a template")

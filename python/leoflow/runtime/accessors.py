# SPDX-License-Identifier: Apache-2.0
"""`var` and `conn` of the context: variables and connections by attribute, looked up when a
template names them."""

_NOT_SET = object()


class VariableAccessor:
    """`var.value.NAME` and `var.json.NAME`; get(NAME, default) where one may be missing."""

    def __init__(self, deserialize_json):
        self._json = deserialize_json

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)

    def get(self, key, default=_NOT_SET, default_var=_NOT_SET):
        from airflow.sdk.variable import Variable

        default = default_var if default is _NOT_SET else default
        given = {} if default is _NOT_SET else {"default": default}
        return Variable.get(key, deserialize_json=self._json, **given)

    def __repr__(self):
        return "<variables as JSON>" if self._json else "<variables>"


class Variables:
    """The two ways to read a variable."""

    value = VariableAccessor(False)
    json = VariableAccessor(True)

    def __repr__(self):
        return "<variables>"


class Connections:
    """`conn.NAME`; get(NAME, default) where one may be missing."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)

    def get(self, conn_id, default_conn=_NOT_SET):
        from airflow.sdk.connection import Connection
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            return Connection.get(conn_id)
        except AirflowNotFoundException:
            if default_conn is _NOT_SET:
                raise
            return default_conn

    def __repr__(self):
        return "<connections>"


VARIABLES = Variables()
CONNECTIONS = Connections()

# SPDX-License-Identifier: Apache-2.0
"""The base class of hooks: objects that talk to one outside system through a connection."""

import logging


class BaseHook:
    """Subclasses implement get_conn()."""

    def __init__(self, logger_name=None):
        self._logger_name = logger_name

    @property
    def log(self):
        kind = type(self)
        return logging.getLogger(
            getattr(self, "_logger_name", None) or f"{kind.__module__}.{kind.__qualname__}"
        )

    @classmethod
    def get_connection(cls, conn_id):
        """The connection of that id; see Connection.get for the errors."""
        from airflow.sdk.connection import Connection

        connection = Connection.get(conn_id)
        logging.getLogger("airflow.hooks.base").info("Retrieving connection '%s'", conn_id)
        return connection

    @classmethod
    def get_hook(cls, conn_id, hook_params=None):
        return cls.get_connection(conn_id).get_hook(hook_params=hook_params)

    def get_conn(self):
        raise NotImplementedError(f"{type(self).__name__} does not implement get_conn()")

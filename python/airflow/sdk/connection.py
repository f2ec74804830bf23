# SPDX-License-Identifier: Apache-2.0
"""Connections: where a system is and how to log in, as fields, as a URI, or as JSON."""

import json

from leoflow.runtime import secrets
from leoflow.runtime.client import AgentError

FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
EXTRA_KEY = "__extra__"


class Connection:
    """One connection. `uri` may be given instead of the fields; `extra` is JSON text or an
    object."""

    EXTRA_KEY = EXTRA_KEY

    def __init__(
        self,
        conn_id=None,
        conn_type=None,
        description=None,
        host=None,
        login=None,
        password=None,
        schema=None,
        port=None,
        extra=None,
        uri=None,
    ):
        self.conn_id = conn_id
        self.conn_type = conn_type
        self.description = description
        self.host = host
        self.login = login
        self.password = password
        self.schema = schema
        self.port = _port(port)
        self.extra = _extra_text(extra)
        if uri is not None:
            if any((conn_type, host, login, password, schema, port, extra)):
                raise ValueError("a connection is made from a URI or from its parts, not from both")
            self._take_uri(uri)

    @classmethod
    def get(cls, conn_id):
        """The connection of that id. Raises AirflowNotFoundException, or AirflowRuntimeError if it
        is refused."""
        from airflow.sdk import exceptions

        try:
            source = secrets.connection_source(conn_id)
        except AgentError as error:
            if error.code != "not_found":
                raise exceptions.AirflowRuntimeError(
                    f"connection {conn_id!r}: {error}", error.code.upper()
                ) from None
            source = None
        except secrets.Unavailable as error:
            raise exceptions.AirflowNotFoundException(str(error)) from None
        if source is None:
            raise exceptions.AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")
        return cls.from_source(conn_id, source)

    @classmethod
    def from_source(cls, conn_id, source):
        """From a dict of fields, JSON text, or a URI."""
        if isinstance(source, dict):
            return cls(conn_id, **{name: source.get(name) for name in FIELDS})
        if source.lstrip().startswith("{"):
            return cls.from_json(source, conn_id)
        return cls.from_uri(source, conn_id)

    @classmethod
    def from_json(cls, value, conn_id=None):
        """From the JSON form. Raises ValueError naming an unknown key."""
        fields = json.loads(value)
        if not isinstance(fields, dict):
            raise ValueError(f"the JSON of connection {conn_id!r} has to be an object")
        unknown = sorted(set(fields) - set(FIELDS))
        if unknown:
            raise ValueError(
                f"unknown keys in the JSON of connection {conn_id!r}: {', '.join(unknown)}"
            )
        if fields.get("conn_type"):
            fields["conn_type"] = _type_name(fields["conn_type"])
        return cls(conn_id, **fields)

    @classmethod
    def from_uri(cls, uri, conn_id=None):
        return cls(conn_id, uri=uri)

    @property
    def extra_dejson(self):
        """`extra` as a dict; {} when there is none. Raises ValueError when it is not a JSON
        object."""
        if not self.extra:
            return {}
        value = json.loads(self.extra)
        if not isinstance(value, dict):
            raise ValueError(f"the extra of connection {self.conn_id!r} is not a JSON object")
        return value

    def get_extra_dejson(self):
        return self.extra_dejson

    def get_password(self):
        return self.password

    def get_extra(self):
        return self.extra

    def as_json(self):
        """The JSON form, with the fields that are set, as AIRFLOW_CONN_* holds it."""
        fields = {
            name: getattr(self, name) for name in FIELDS if name not in ("description", "extra")
        }
        if self.extra:
            fields["extra"] = self.extra_dejson
        return json.dumps(
            {name: value for name, value in fields.items() if value not in (None, "")}
        )

    def to_dict(self):
        return {"conn_id": self.conn_id, **{name: getattr(self, name) for name in FIELDS}}

    def get_uri(self):
        """The URI form; from_uri() gives the same connection back."""
        from urllib.parse import quote

        def coded(text):
            return quote(str(text), safe="")

        scheme = f"{self.conn_type.lower().replace('_', '-')}://" if self.conn_type else "//"
        protocol, mark, host = (self.host or "").rpartition("://")
        user = "" if self.login is None else coded(self.login)
        if self.password is not None:
            user += ":" + coded(self.password)
        if user:
            user += "@"
        place = coded(host)
        if self.port:
            place += f":{self.port}" if user or place else f"@:{self.port}"
        if self.schema:
            place += "/" + coded(self.schema)
        return scheme + protocol + mark + user + place + self._query()

    def get_hook(self, *, hook_params=None):
        """Hooks belong to provider packages of real Airflow, which are not part of Leoflow: always
        raises."""
        raise NotImplementedError(
            f"no hook is known for connection type {self.conn_type!r}\n"
            "hint: use the fields of the connection with the client library of the system"
        )

    def __repr__(self):
        return f"Connection(conn_id={self.conn_id!r}, conn_type={self.conn_type!r}, host={self.host!r})"

    def __str__(self):
        return str(self.conn_id)

    def __eq__(self, other):
        return isinstance(other, Connection) and self.to_dict() == other.to_dict()

    def __hash__(self):
        return hash(self.conn_id)

    def _query(self):
        """The extra as a query: its own keys when they come back the same, else one key with the
        JSON."""
        if not self.extra:
            return ""
        from urllib.parse import parse_qsl, urlencode

        try:
            extra = self.extra_dejson
        except ValueError:
            extra = None
        text = urlencode(extra) if extra else ""
        if not text or dict(parse_qsl(text, keep_blank_values=True)) != extra:
            text = urlencode({EXTRA_KEY: self.extra})
        return ("?" if self.schema else "/?") + text

    def _take_uri(self, uri):
        from urllib.parse import parse_qsl, unquote, urlsplit

        scheme, mark, rest = uri.partition("://")
        protocol, inner, after = rest.partition("://")
        if not mark and uri.startswith("//"):
            scheme, protocol, inner, after = "", "", "", uri[2:]
        elif not mark or "://" in after or (inner and ("@" in protocol or ":" in protocol)):
            raise ValueError(f"the URI of connection {self.conn_id!r} is not valid")
        parts = urlsplit("//" + (after if inner or not mark else rest))
        self.conn_type = _type_name(scheme)
        host = unquote(_host_of(parts.netloc))
        self.host = f"{protocol}://{host}" if inner else host or None
        self.schema = unquote(parts.path[1:]) or None
        self.login = _unquoted(parts.username)
        self.password = _unquoted(parts.password)
        self.port = parts.port
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if query:
            self.extra = query.get(EXTRA_KEY) or json.dumps(query)


def _host_of(netloc):
    host = netloc.rpartition("@")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _unquoted(text):
    from urllib.parse import unquote

    return unquote(text) if text else text


def _type_name(scheme):
    return "postgres" if scheme == "postgresql" else scheme.replace("-", "_")


def _port(port):
    if port is None or port == "":
        return None
    return int(port)


def _extra_text(extra):
    if extra is None or isinstance(extra, str):
        return extra
    return json.dumps(extra)

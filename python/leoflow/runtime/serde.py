# SPDX-License-Identifier: Apache-2.0
"""XCom values to JSON and back, in Airflow's wrapping: {"__classname__", "__version__",
"__data__"}.

Plain JSON stays as it is. A dict gets string keys, a named tuple comes back as a tuple, a Decimal
passes through a
float: this is what Airflow does and DAGs see. What cannot survive the trip is refused by name,
never changed quietly.
"""

import datetime
import sys

CLASS, VERSION, DATA = "__classname__", "__version__", "__data__"
PENDULUM_DATETIME = "pendulum.datetime.DateTime"
FIXED_ZONE = "pendulum.tz.timezone.FixedTimezone"
ASSET = "airflow.sdk.definitions.asset.Asset"
PLAIN = frozenset((type(None), bool, int, str))


def encode(value):
    """JSON-ready form of `value`. Raises TypeError or ValueError, naming the part that has none."""
    try:
        return _encode(value)
    except RecursionError:
        raise ValueError(
            "the value is nested too deeply, or contains itself, and cannot be stored as XCom"
        ) from None


def decode(value):
    """The Python value of what encode() wrote."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, list):
        return [decode(item) for item in value]
    if isinstance(value, dict):
        if CLASS in value and DATA in value:
            return _unwrap(value)
        return {key: decode(item) for key, item in value.items()}
    return value


def _wrap(name, data, version=1):
    return {CLASS: name, VERSION: version, DATA: data}


def _encode(value):
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is float:
        return _finite(value)
    if isinstance(value, dict):
        return {_key(key): _encode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_encode(item) for item in value]
    if isinstance(value, tuple):
        return _wrap("builtins.tuple", [_encode(item) for item in value])
    if isinstance(value, (set, frozenset)):
        name = "builtins.set" if isinstance(value, set) else "builtins.frozenset"
        return _wrap(name, [_encode(item) for item in value])
    if isinstance(value, (datetime.date, datetime.timedelta)):
        return _encode_time(value)
    return _encode_object(value)


def _finite(value):
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"{value!r} is not a JSON number and cannot be stored as XCom")
    return value


def _key(key):
    if isinstance(key, str):
        if key in (CLASS, DATA):
            raise ValueError(f"a dictionary with the reserved key {key!r} cannot be stored as XCom")
        return str(key)
    return str(key)


def _encode_time(value):
    if isinstance(value, datetime.datetime):
        plain = type(value).__name__ != "DateTime"
        data = {"timestamp": value.timestamp(), "tz": _encode_zone(value)}
        return _wrap("datetime.datetime" if plain else PENDULUM_DATETIME, data, 2)
    if isinstance(value, datetime.date):
        return _wrap("datetime.date", value.isoformat(), 2)
    return _wrap("datetime.timedelta", value.total_seconds(), 2)


def _encode_zone(value):
    zone = value.tzinfo
    if zone is None:
        return None
    name = getattr(zone, "key", None)
    if name is not None and name != "UTC":
        return _wrap("builtins.tuple", [name, "zoneinfo.ZoneInfo", 1, True])
    offset = value.utcoffset()
    seconds = int(offset.total_seconds())
    return _wrap("builtins.tuple", ["UTC" if seconds == 0 else seconds, FIXED_ZONE, 1, True])


def _encode_object(value):
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name == "decimal.Decimal":
        if not value.is_finite():
            raise ValueError(f"{value!r} is not a JSON number and cannot be stored as XCom")
        return _wrap(name, int(value) if value.as_tuple().exponent >= 0 else float(value))
    if name == "uuid.UUID":
        return _wrap(name, str(value))
    if _is_asset(kind):
        data = {"name": value.name, "uri": value.uri, "group": value.group, "extra": value.extra}
        return _wrap(ASSET, data, 0)
    if _is_enum(value):
        return _encode(value.value)
    if _is_lazy(value):
        return [_encode(item) for item in value]
    if isinstance(value, (str, int, float)):
        return _encode(_plain_base(value))
    if (
        kind.__module__ == "numpy"
        and callable(getattr(value, "item", None))
        and getattr(value, "ndim", 1) == 0
    ):
        return _wrap(name, _encode(value.item()))
    fields = getattr(kind, "__dataclass_fields__", None)
    if fields is not None:
        data = {field: _encode(getattr(value, field)) for field in fields}
        return _wrap(name, data, getattr(kind, "__version__", 1))
    raise TypeError(f"cannot store an object of type {_type_name(kind)} as XCom{_advice(kind)}")


def _is_asset(kind):
    assets = sys.modules.get("airflow.sdk._assets")
    return assets is not None and issubclass(kind, assets.Asset)


def _is_enum(value):
    enum = sys.modules.get("enum")
    return enum is not None and isinstance(value, enum.Enum)


def _is_lazy(value):
    lazy = sys.modules.get("leoflow.runtime.lazy")
    return lazy is not None and isinstance(value, lazy.LazySequence)


def _plain_base(value):
    for base in (str, int, float):
        if isinstance(value, base):
            return base.__str__(value) if base is str else base(value)
    return value


def _type_name(kind):
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _advice(kind):
    if kind.__name__ == "generator":
        return "\nhint: return a list: list(...)"
    if kind in (bytes, bytearray, memoryview):
        return "\nhint: decode the bytes to text, or write them to the staging folder and return the path"
    return "\nhint: return plain JSON values, or write the data to the staging folder and return the path"


def _unwrap(wrapped):
    name, data = wrapped[CLASS], wrapped[DATA]
    reader = _READERS.get(name)
    if reader is not None:
        return reader(data)
    if isinstance(name, str) and name.startswith("numpy."):
        return _read_numpy(name, data)
    kind = _loaded_dataclass(name)
    if kind is None:
        raise TypeError(
            f"the XCom holds a {name}, which this task cannot build: its class is not defined in the DAG file"
        )
    return kind(**{field: decode(item) for field, item in data.items()})


def _loaded_dataclass(name):
    """The dataclass `name` if some module already loaded defines it: XCom data never makes us
    import code."""
    module, _, qualname = str(name).rpartition(".")
    kind = getattr(sys.modules.get(module), qualname, None)
    return kind if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__") else None


def _read_datetime(data):
    return datetime.datetime.fromtimestamp(data["timestamp"], _read_zone(data["tz"]))


def _read_pendulum(data):
    from leoflow.runtime.datetimes import DateTime

    return DateTime.fromtimestamp(data["timestamp"], _read_zone(data["tz"]))


def _read_zone(data):
    if data is None:
        return None
    if isinstance(data, dict):
        data = data[DATA]
    name = data[0] if isinstance(data, (list, tuple)) else data
    if name == "UTC":
        return datetime.timezone.utc
    if isinstance(name, (int, float)):
        return datetime.timezone(datetime.timedelta(seconds=name))
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def _read_asset(data):
    from airflow.sdk import Asset

    return Asset(data["name"], data["uri"], group=data.get("group"), extra=data.get("extra"))


def _read_decimal(data):
    from decimal import Decimal

    return Decimal(str(data))


def _read_uuid(data):
    from uuid import UUID

    return UUID(data)


def _read_numpy(name, data):
    try:
        import numpy
    except ImportError:
        return decode(data)
    kind = getattr(numpy, name.rpartition(".")[2], None)
    scalar = isinstance(kind, type) and issubclass(kind, numpy.generic)
    return kind(decode(data)) if scalar else decode(data)


_READERS = {
    "builtins.tuple": lambda data: tuple(decode(item) for item in data),
    "builtins.set": lambda data: {decode(item) for item in data},
    "builtins.frozenset": lambda data: frozenset(decode(item) for item in data),
    "datetime.datetime": _read_datetime,
    PENDULUM_DATETIME: _read_pendulum,
    "datetime.date": datetime.date.fromisoformat,
    "datetime.timedelta": lambda data: datetime.timedelta(seconds=data),
    "decimal.Decimal": _read_decimal,
    "uuid.UUID": _read_uuid,
    ASSET: _read_asset,
}

# SPDX-License-Identifier: Apache-2.0
"""Assets of an attempt: what the context says of their events, and what the task tells of its own.

The events of a task travel with its outcome, so they exist if and only if it succeeded.
"""

from _collections_abc import Mapping, Sequence

from leoflow.runtime import client as _client

EVENTS_MAX = 1000  # of one task
EVENTS_BYTES_MAX = 1 << 20  # of one task, as JSON


class AssetEvent:
    """One update of an asset."""

    def __init__(self, told):
        from leoflow.runtime.datetimes import DateTime

        about = told["asset"]
        self.id = told.get("id")
        self.timestamp = DateTime.parse(told["timestamp"])
        self.extra = told.get("extra") or {}
        self.source_dag_id = told.get("source_dag_id")
        self.source_task_id = told.get("source_task_id")
        self.source_run_id = told.get("source_run_id")
        self.source_map_index = told.get("source_map_index", -1)
        self.asset = _asset(about)
        self.source_aliases = [_alias(name) for name in told.get("aliases") or ()]
        self.partition_key = None

    @property
    def uri(self):
        return self.asset.uri

    def __repr__(self):
        return f"<AssetEvent of {self.asset.name} at {self.timestamp}>"


def _asset(told):
    from airflow.sdk import Asset

    return Asset(
        told["name"], told["uri"], group=told.get("group") or "asset", extra=told.get("extra")
    )


def _alias(name):
    from airflow.sdk import AssetAlias

    return AssetAlias(name)


def find_asset(name, context):
    """The asset of that name: one the DAG file says, else one the server knows. Raises
    LookupError."""
    for one in _known(context["dag"]):
        if one.name == name:
            return one
    found = _client.current().asset_get(name=name)
    if found is None:
        raise LookupError(f"no asset is named {name!r}\nhint: an argument of a function under "
                          "@asset is the name of an asset, or self or context")
    return _asset(found)


def _known(dag):
    """The assets of a DAG's schedule and tasks."""
    condition = getattr(dag.timetable, "asset_condition", None)
    if condition is not None:
        for _, one in condition.iter_assets():
            yield one
    for task in dag.task_dict.values():
        for listed in (task.outlets, task.inlets):
            for one in listed:
                yield from (asset for _, asset in one.iter_assets())


class OutletEvent:
    """What the task says of one outlet; told when it succeeds."""

    def __init__(self, key):
        self.key = key
        self.extra = {}
        self.asset_alias_events = []

    def add(self, asset, extra=None):
        """Tells of an update of `asset` under the alias this is the entry of."""
        from airflow.sdk import Asset, AssetAlias

        if not isinstance(asset, Asset):
            raise TypeError(f"add() takes an Asset, not {type(asset).__name__}")
        if isinstance(self.key, AssetAlias):
            self.asset_alias_events.append((asset, {} if extra is None else extra))


class OutletEvents(Mapping):
    """`outlet_events` of the context: an entry for each asset or alias that is asked for."""

    def __init__(self, outlets):
        self._outlets = outlets
        self._entries = {}

    def __getitem__(self, key):
        key = self._outlets[key] if isinstance(key, int) else key
        name = _name_of(key)
        if name not in self._entries:
            self._entries[name] = OutletEvent(key)
        return self._entries[name]

    def __iter__(self):
        return (entry.key for entry in self._entries.values())

    def __len__(self):
        return len(self._entries)

    def take(self, metadata):
        """What a task yielded."""
        entry = self[metadata.alias or metadata.asset]
        if metadata.alias:
            entry.add(metadata.asset, metadata.extra)
        else:
            entry.extra.update(metadata.extra)


def _name_of(key):
    from airflow.sdk import Asset, AssetAlias

    if isinstance(key, Asset):
        return "asset", key.name, key.uri
    if isinstance(key, AssetAlias):
        return "alias", key.name
    reference = getattr(key, "as_expression", None)
    if reference is None:
        raise TypeError(f"expected an asset or an alias, not {type(key).__name__}")
    from json import dumps

    return "ref", dumps(reference(), sort_keys=True)


class InletEvents(Mapping):
    """`inlet_events` of the context: the events of each inlet, by the inlet or its place."""

    def __init__(self, inlets, agent):
        self._inlets = inlets
        self._agent = agent

    def __getitem__(self, key):
        inlet = self._inlets[key] if isinstance(key, int) else self._named(key)
        return EventsOfInlet(inlet, self._agent)

    def _named(self, key):
        name = _name_of(key)
        for inlet in self._inlets:
            if _name_of(inlet) == name:
                return inlet
        raise KeyError(key)

    def __iter__(self):
        return iter(self._inlets)

    def __len__(self):
        return len(self._inlets)


class EventsOfInlet(Sequence):
    """Events of one inlet, the oldest first: the newest ones, as many as the server gives at once.
    They are read when they are first looked at."""

    def __init__(self, inlet, agent, **wanted):
        self._inlet, self._agent, self._wanted, self._events = inlet, agent, wanted, None

    def _with(self, **more):
        return EventsOfInlet(self._inlet, self._agent, **{**self._wanted, **more})

    def after(self, moment):
        """Those not before a moment."""
        return self._with(after=_instant(moment))

    def before(self, moment):
        """Those not after a moment."""
        return self._with(before=_instant(moment))

    def ascending(self, ascending=True):
        """The oldest first, also where there are more than are read at once."""
        return self._with(ascending=ascending)

    def limit(self, limit):
        """As many at most."""
        return self._with(limit=limit)

    def _read(self):
        if self._events is None:
            about = self._inlet.as_expression()
            told = self._agent.asset_events(
                alias=about.get("alias", {}).get("name"),
                **(about.get("asset_ref") or _key(about.get("asset"))), **self._wanted)
            self._events = [AssetEvent(one) for one in told]
        return self._events

    def __getitem__(self, index):
        return self._read()[index]

    def __len__(self):
        return len(self._read())


def _key(asset):
    return {} if asset is None else {"name": asset["name"], "uri": asset["uri"]}


def _instant(moment):
    return moment if isinstance(moment, str) else moment.isoformat()


class TriggeringEvents(Mapping):
    """`triggering_asset_events` of the context: the events that the run is there for, by asset and
    by alias."""

    def __init__(self, told):
        self._told, self._found = told, None

    def _by_name(self):
        if self._found is None:
            self._found = {}
            for event in map(AssetEvent, self._told):
                for key in (event.asset, *event.source_aliases):
                    self._found.setdefault(_name_of(key), (key, []))[1].append(event)
        return self._found

    def __getitem__(self, key):
        name = _name_of(key)
        if name[0] == "ref":
            return self._referenced(key.as_expression()["asset_ref"])
        return self._by_name()[name][1]

    def _referenced(self, wanted):
        for key, events in self._by_name().values():
            if all(getattr(key, field, None) == text for field, text in wanted.items()):
                return events
        raise KeyError(wanted)

    def __iter__(self):
        return (key for key, _ in self._by_name().values())

    def __len__(self):
        return len(self._by_name())


def run_to_end(result, outlet_events):
    """The result of a function: of a generator what it returns, after the Metadata it yields."""
    if type(result).__name__ != "generator":
        return result
    from airflow.sdk import Metadata
    from leoflow.runtime import logs

    while True:
        try:
            told = next(result)
        except StopIteration as end:
            return end.value
        if isinstance(told, Metadata):
            outlet_events.take(told)
        else:
            logs.task_logger().warning(
                "Ignoring unknown data of %r received from task", type(told)
            )


def updates(task, context):
    """The events to tell of a task that succeeded. Raises ValueError for what is no JSON or too
    much."""
    outlets = getattr(task, "outlets", None)
    if not outlets:
        return ()
    from airflow.sdk import Asset

    found, entries = [], context["outlet_events"]
    for outlet in outlets:
        if isinstance(outlet, Asset):
            found.append(_update(outlet, entries[outlet].extra))
            continue
        for asset, extra in entries[outlet].asset_alias_events:
            _add_alias(found, _update(asset, extra), outlet.name)
    _check(found)
    return found


def _update(asset, extra):
    if not isinstance(extra, dict):
        raise TypeError(f"the extra of an event of {asset!r} must be a dict, not "
                        f"{type(extra).__name__}")
    about = {"name": asset.name, "uri": asset.uri, "group": asset.group, "extra": asset.extra}
    return {"asset": about, "extra": extra}


def _add_alias(found, update, alias):
    """One event of the same asset and extra is told under all its aliases."""
    for one in found:
        same = one["asset"] == update["asset"] and one["extra"] == update["extra"]
        if same and "aliases" in one:
            one["aliases"] = sorted({*one["aliases"], alias})
            return
    found.append({**update, "aliases": [alias]})


def _check(found):
    if len(found) > EVENTS_MAX:
        raise ValueError(f"the task tells of {len(found)} asset events, {EVENTS_MAX} at most")
    if not found:
        return
    from json import dumps

    try:
        text = dumps(found, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the extra of an asset event must be JSON: {error}") from None
    if len(text) > EVENTS_BYTES_MAX:
        raise ValueError(
            f"the asset events of the task have {len(text)} bytes, {EVENTS_BYTES_MAX} at most\n"
            "hint: write large data to a file or a table and put its name into the extra"
        )

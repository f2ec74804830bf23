# SPDX-License-Identifier: Apache-2.0
"""Assets: data that tasks make and other DAGs wait for, and how several are waited for at once."""
from airflow.sdk._unsupported import not_supported

_TEXT_CHARS_MAX = 1500
_RESERVED_NAMES = ("self", "context")  # arguments of a function under @asset


def _check_text(value, what):
    if not isinstance(value, str):
        raise ValueError(f"{what} must be a string, not {type(value).__name__}")
    if not value:
        raise ValueError(f"{what} cannot be empty")
    if len(value) > _TEXT_CHARS_MAX:
        raise ValueError(f"{what} cannot exceed {_TEXT_CHARS_MAX} characters")
    if value.isspace():
        raise ValueError(f"{what} cannot be just whitespace")
    if not value.isascii():
        raise ValueError(f"{what} must only consist of ASCII characters: {value!r}")
    return value


def _check_name(value, what):
    if value in _RESERVED_NAMES:
        raise ValueError(f"prohibited name for asset: {value}")
    return _check_text(value, what)


def normal_uri(value):
    """The URI as Airflow stores it: no user info with a password, no trailing slash, no fragment,
    its query sorted. What is no URI, and any scheme x-..., stays as it is."""
    from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
    parsed = urlsplit(value)
    scheme = parsed.scheme.lower()
    if not scheme or "://" not in value or scheme.startswith("x-"):
        return value
    if scheme == "airflow":
        raise ValueError("Asset scheme 'airflow' is reserved")
    place = parsed.netloc
    if parsed.password:
        from airflow.sdk import _scope
        place = place.rpartition("@")[2]
        _scope.note(f"the URI of an asset at {place} held a password; the user info was dropped")
    query = urlencode(sorted(parse_qsl(parsed.query))) if parsed.query else ""
    return urlunsplit((scheme, place, parsed.path.rstrip("/") or "/", query, ""))


class BaseAsset:
    """What a schedule may wait for; `&` and `|` join several."""

    def __and__(self, other):
        return AssetAll(self, other) if isinstance(other, BaseAsset) else NotImplemented

    def __or__(self, other):
        return AssetAny(self, other) if isinstance(other, BaseAsset) else NotImplemented

    def as_expression(self):
        """The condition as data, as the REST API shows it."""
        raise NotImplementedError

    def _leaves(self):
        """The assets, aliases and references in it."""
        return iter((self,))

    def iter_assets(self):
        """(name, uri) and asset of each asset in it."""
        for one in self._leaves():
            if isinstance(one, Asset):
                yield (one.name, one.uri), one

    def iter_asset_aliases(self):
        """Name and alias of each alias in it."""
        for one in self._leaves():
            if isinstance(one, AssetAlias):
                yield one.name, one


class Asset(BaseAsset):
    """Data with a name and a URI; one of them is enough. `extra` is JSON that describes it."""

    asset_type = "asset"

    def __init__(self, name=None, uri=None, *, group=None, extra=None, watchers=None):
        if name is None and uri is None:
            raise TypeError("Asset() requires either 'name' or 'uri'")
        if watchers:
            raise not_supported("AssetWatcher", f"asset {name or uri!r}")
        kind = type(self).__name__
        if hasattr(uri, "__fspath__"):
            uri = str(uri)
        self.name = _check_name(uri if name is None else name, f"{kind} name")
        self.uri = normal_uri(_check_text(name if uri is None else uri, f"{kind} uri"))
        self.group = _check_text(self.asset_type if group is None else group, f"{kind} group")
        self.extra = _check_extra(extra, f"asset {self.name!r}")
        self.watchers = []

    @staticmethod
    def ref(*, name=None, uri=None):
        """Whichever asset has this name, or this URI, when the task runs."""
        if (name is None) == (uri is None):
            raise TypeError("Asset.ref() takes either 'name' or 'uri'")
        return AssetNameRef(name) if uri is None else AssetUriRef(uri)

    @property
    def normalized_uri(self):
        return self.uri if "://" in self.uri else None

    def as_expression(self):
        return {"asset": {"uri": self.uri, "name": self.name, "group": self.group}}

    def __fspath__(self):
        return self.uri

    def __eq__(self, other):
        if not isinstance(other, Asset):
            return NotImplemented
        return (self.name, self.uri, self.group, self.extra) == (other.name, other.uri,
                                                                 other.group, other.extra)

    def __hash__(self):
        return hash((self.name, self.uri))

    def __repr__(self):
        return f"Asset(name={self.name!r}, uri={self.uri!r})"


class AssetAlias(BaseAsset):
    """A name under which a task tells of assets that are known only when it runs."""

    def __init__(self, name, group=None):
        self.name = _check_text(name, "AssetAlias name")
        self.group = _check_text("asset" if group is None else group, "AssetAlias group")

    def as_expression(self):
        return {"alias": {"name": self.name, "group": self.group}}

    def __eq__(self, other):
        if not isinstance(other, AssetAlias):
            return NotImplemented
        return (self.name, self.group) == (other.name, other.group)

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return f"AssetAlias(name={self.name!r})"


class _AssetRef(BaseAsset):
    """An asset by one of its texts; of `inlets` only."""

    _by = ""

    def __init__(self, text):
        setattr(self, self._by, _check_text(text, f"Asset {self._by}"))

    def as_expression(self):
        return {"asset_ref": {self._by: getattr(self, self._by)}}

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self):
        return hash(getattr(self, self._by))

    def __repr__(self):
        return f"Asset.ref({self._by}={getattr(self, self._by)!r})"


class AssetNameRef(_AssetRef):
    """The asset of that name."""

    _by = "name"


class AssetUriRef(_AssetRef):
    """The asset of that URI."""

    _by = "uri"


class _Condition(BaseAsset):
    """Several at once."""

    _word = ""

    def __init__(self, *objects):
        if not all(isinstance(one, BaseAsset) for one in objects):
            raise TypeError("expect asset expressions in condition")
        self.objects = list(objects)

    def as_expression(self):
        return {self._word: [one.as_expression() for one in self.objects]}

    def _leaves(self):
        for one in self.objects:
            yield from one._leaves()

    def __eq__(self, other):
        return type(self) is type(other) and self.objects == other.objects

    __hash__ = None

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(map(repr, self.objects))})"


class AssetAny(_Condition):
    """True when one of them was updated."""

    _word = "any"

    def __or__(self, other):
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAny(*self.objects, other)


class AssetAll(_Condition):
    """True when all of them were updated."""

    _word = "all"

    def __and__(self, other):
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAll(*self.objects, other)


class Metadata:
    """What a task yields to describe the update of an asset: `yield Metadata(asset, {"rows": 3})`.
    With `alias` the update is told under that alias, which has to be an outlet."""

    def __init__(self, asset, extra=None, alias=None):
        if not isinstance(asset, Asset):
            raise TypeError(f"Metadata needs an Asset, not {type(asset).__name__}")
        if alias is not None and not isinstance(alias, AssetAlias):
            alias = AssetAlias(alias)
        self.asset, self.extra, self.alias = asset, {} if extra is None else extra, alias


def _check_extra(extra, where):
    if extra is None:
        return {}
    if not isinstance(extra, dict):
        raise TypeError(f"the extra of {where} must be a dict, not {type(extra).__name__}")
    import json
    try:
        json.dumps(extra, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the extra of {where} must be JSON: {error}") from None
    return dict(extra)


def outlets_of(value, name):
    """The check of `outlets=`: a list of assets and aliases."""
    return _listed(value, name, (Asset, AssetAlias))


def inlets_of(value, name):
    """The check of `inlets=`: references may stand there too."""
    return _listed(value, name, (Asset, AssetAlias, _AssetRef))


def _listed(value, name, kinds):
    if not value and not isinstance(value, BaseAsset):
        return ()
    found = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    for one in found:
        if not isinstance(one, kinds):
            raise TypeError(f"{name} must hold assets, not {type(one).__name__}")
    return found


def condition_of(schedule):
    """The condition that `schedule=` stands for; None when it is none of assets."""
    if isinstance(schedule, BaseAsset):
        found = schedule
    elif isinstance(schedule, (list, tuple, set, frozenset)) and schedule:
        if not all(isinstance(one, BaseAsset) for one in schedule):
            raise ValueError("All elements in 'schedule' should be either assets, asset "
                             "references, or asset aliases")
        found = AssetAll(*schedule)
    else:
        return None
    for one in found._leaves():
        if isinstance(one, _AssetRef):
            raise not_supported("Asset.ref as a schedule")
    return found

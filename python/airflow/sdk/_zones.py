# SPDX-License-Identifier: Apache-2.0
"""Names of time zones."""


def zone_name(zone):
    """The IANA name ("Europe/Lisbon") or fixed offset ("+05:30") of a zone given as text or tzinfo;
    None is UTC."""
    if zone is None:
        return "UTC"
    if isinstance(zone, str):
        return _known(zone)
    for attribute in ("key", "name", "zone"):
        name = getattr(zone, attribute, None)
        if isinstance(name, str):
            return name
    offset = zone.utcoffset(None)
    if offset is None:
        raise ValueError(f"the time zone {zone!r} has no name; use zoneinfo.ZoneInfo")
    minutes = round(offset.total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _known(name):
    if name.upper() in ("UTC", "Z"):
        return "UTC"
    if name[:1] in "+-" and len(name) == 6 and name[3] == ":" and (name[1:3] + name[4:]).isdigit():
        return name
    from zoneinfo import ZoneInfo
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}") from None
    return name

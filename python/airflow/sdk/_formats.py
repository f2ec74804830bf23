# SPDX-License-Identifier: Apache-2.0
"""The `format` keyword of JSON Schema: one test per format. A format that is not listed accepts
everything."""
import re
from datetime import date

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{2}):(\d{2}):(\d{2})(\.\d+)?([zZ]|[+-]\d{2}:\d{2})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*")
_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DURATION = re.compile(r"P(?!$)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)")
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")


def _parses(parse):
    def check(text):
        try:
            parse(text)
        except ValueError:
            return False
        return True
    return check


def is_date(text):
    return bool(_DATE.fullmatch(text)) and _parses(date.fromisoformat)(text)


def is_time(text):
    match = _TIME.fullmatch(text)
    if not match or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3]) > 60:
        return False
    zone = match[5]
    return zone is None or zone in "zZ" or int(zone[1:3]) < 24 and int(zone[4:]) < 60


def is_date_time(text):
    """RFC 3339, zone required; Python's own ISO form with a space is taken as well."""
    if len(text) < 20 or text[10] not in "Tt " or not is_date(text[:10]):
        return False
    return is_time(text[11:]) and (text[-1] in "zZ" or text[-6] in "+-")


def _is_regex(text):
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _is_ip(version):
    def check(text):
        import ipaddress
        return _parses(ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address)(text)
    return check


def _is_host(text):
    return 0 < len(text) <= 253 and all(_HOST_LABEL.fullmatch(label)
                                        for label in text.rstrip(".").split("."))


def _matches(pattern):
    return lambda text: bool(pattern.fullmatch(text))


FORMATS = {
    "date": is_date, "time": is_time, "date-time": is_date_time, "duration": _matches(_DURATION),
    "email": _matches(_EMAIL), "idn-email": _matches(_EMAIL), "uri": _matches(_URI),
    "iri": _matches(_URI),
    "uuid": _matches(_UUID), "hostname": _is_host, "ipv4": _is_ip(4), "ipv6": _is_ip(6),
    "regex": _is_regex,
    "json-pointer": _matches(_POINTER),
}

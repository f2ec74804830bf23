# SPDX-License-Identifier: Apache-2.0
"""A JSON Schema checker: the part of draft 2020-12 that describes values of params.

`first_error(value, schema)` gives the first thing wrong as text, or None. Unknown keywords are
annotations.
"""
import re

_NUMBER = (int, float)


def first_error(value, schema):
    """What is wrong with the value, or None."""
    return _check(value, schema, "", schema, 0)


_DEPTH_MAX = 100


def _check(value, schema, path, root, depth):
    if depth > _DEPTH_MAX:
        return f"{path or 'value'}: the schema refers to itself without end"
    if schema is True:
        return None
    if schema is False:
        return f"{_show(value)} is not allowed{_at(path)}"
    if not isinstance(schema, dict):
        return f"the schema{_at(path)} must be an object or a boolean"
    for keyword, wanted in schema.items():
        check = _KEYWORDS.get(keyword)
        if check is None:
            continue
        problem = check(value, wanted, schema, (path, root, depth + 1))
        if problem:
            return problem if "\n" in problem or problem.endswith(_at(path)) else problem + _at(
                path)
    return None


def _at(path):
    return f" (at {path})" if path else ""


def _show(value):
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _sub(value, schema, where, step=""):
    path, root, depth = where
    return _check(value, schema, path + step, root, depth)


def _is_number(value):
    return isinstance(value, _NUMBER) and not isinstance(value, bool)


_TYPES = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: _is_number(v) and (isinstance(v, int) or v.is_integer()),
    "number": _is_number,
    "string": lambda v: isinstance(v, str),
    "array": lambda v: isinstance(v, (list, tuple)),
    "object": lambda v: isinstance(v, dict),
}


def _type(value, wanted, schema, where):
    names = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    for name in names:
        if name not in _TYPES:
            return f"unknown type {name!r} in the schema"
        if _TYPES[name](value):
            return None
    return f"{_show(value)} is not of type {', '.join(map(repr, names))}"


def same(one, other):
    """Equality as JSON sees it: 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return one == other


def _enum(value, wanted, schema, where):
    return None if any(same(value, one)
                       for one in wanted) else f"{_show(value)} is not one of {_show(list(wanted))}"


def _const(value, wanted, schema, where):
    return None if same(value, wanted) else f"{_show(wanted)} was expected, not {_show(value)}"


def _bound(holds, text):
    def check(value, wanted, schema, where):
        if _is_number(value) and not holds(value, wanted):
            return f"{_show(value)} is {text} {wanted}"
        return None
    return check


def _multiple_of(value, wanted, schema, where):
    if not _is_number(value):
        return None
    quotient = value / wanted
    whole = value % wanted == 0 if isinstance(value, int) and isinstance(wanted,
                                                                         int) else quotient == int(
                                                                             quotient)
    return None if whole else f"{_show(value)} is not a multiple of {wanted}"


def _length(kinds, holds, text):
    def check(value, wanted, schema, where):
        if isinstance(value, kinds) and not holds(len(value), wanted):
            return f"{_show(value)} {text} ({wanted})"
        return None
    return check


def _pattern(value, wanted, schema, where):
    if isinstance(value, str) and not re.search(wanted, value):
        return f"{_show(value)} does not match {wanted!r}"
    return None


def _format(value, wanted, schema, where):
    if not isinstance(value, str):
        return None
    from airflow.sdk._formats import FORMATS
    check = FORMATS.get(wanted)
    return None if check is None or check(value) else f"{_show(value)} is not a {wanted!r}"


def _prefix_items(value, wanted, schema, where):
    if isinstance(value, (list, tuple)):
        for index, (item, one) in enumerate(zip(value, wanted)):
            problem = _sub(item, one, where, f"[{index}]")
            if problem:
                return problem
    return None


def _items(value, wanted, schema, where):
    if not isinstance(value, (list, tuple)):
        return None
    if isinstance(wanted, list):
        return _prefix_items(value, wanted, schema, where)
    for index in range(len(schema.get("prefixItems", ())), len(value)):
        problem = _sub(value[index], wanted, where, f"[{index}]")
        if problem:
            return problem
    return None


def _contains(value, wanted, schema, where):
    if not isinstance(value, (list, tuple)):
        return None
    found = sum(_sub(item, wanted, where) is None for item in value)
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    if found < least or (most is not None and found > most):
        return f"{_show(value)} contains {found} items of the wanted kind"
    return None


def _unique(value, wanted, schema, where):
    if wanted and isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            if any(same(item, other) for other in value[:index]):
                return f"{_show(value)} has non-unique elements"
    return None


def _properties(value, wanted, schema, where):
    if isinstance(value, dict):
        for name, one in wanted.items():
            problem = name in value and _sub(value[name], one, where, f".{name}")
            if problem:
                return problem
    return None


def _pattern_properties(value, wanted, schema, where):
    if isinstance(value, dict):
        for pattern, one in wanted.items():
            for name in value:
                problem = re.search(pattern, name) and _sub(value[name], one, where, f".{name}")
                if problem:
                    return problem
    return None


def _additional(value, wanted, schema, where):
    if not isinstance(value, dict):
        return None
    for name in value:
        if name in schema.get("properties", ()) or any(re.search(p, name)
                                                       for p in schema.get("patternProperties",
                                                                           ())):
            continue
        if wanted is False:
            return f"Additional properties are not allowed ({name!r} was unexpected)"
        problem = _sub(value[name], wanted, where, f".{name}")
        if problem:
            return problem
    return None


def _property_names(value, wanted, schema, where):
    for name in value if isinstance(value, dict) else ():
        problem = _sub(name, wanted, where)
        if problem:
            return problem
    return None


def _required(value, wanted, schema, where):
    for name in wanted if isinstance(value, dict) else ():
        if name not in value:
            return f"{name!r} is a required property"
    return None


def _dependent_required(value, wanted, schema, where):
    for name, others in wanted.items() if isinstance(value, dict) else ():
        for other in others if name in value else ():
            if other not in value:
                return f"{other!r} is a dependency of {name!r}"
    return None


def _any_of(value, wanted, schema, where):
    if any(_sub(value, one, where) is None for one in wanted):
        return None
    return f"{_show(value)} is not valid under any of the given schemas"


def _one_of(value, wanted, schema, where):
    matches = sum(_sub(value, one, where) is None for one in wanted)
    if matches == 1:
        return None
    return f"{_show(value)} is valid under {matches} of the given schemas instead of one"


def _all_of(value, wanted, schema, where):
    for one in wanted:
        problem = _sub(value, one, where)
        if problem:
            return problem
    return None


def _not(value, wanted, schema, where):
    if _sub(value, wanted, where) is None:
        return f"{_show(value)} should not be valid under {_show(wanted)}"
    return None


def _if(value, wanted, schema, where):
    branch = "then" if _sub(value, wanted, where) is None else "else"
    return _sub(value, schema[branch], where) if branch in schema else None


def _ref(value, wanted, schema, where):
    target = where[1]
    if not isinstance(wanted, str) or not wanted.startswith("#"):
        return f"cannot follow the reference {wanted!r}"
    for step in wanted[1:].strip("/").split("/") if wanted != "#" else ():
        step = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(target, dict) or step not in target:
            return f"cannot follow the reference {wanted!r}"
        target = target[step]
    return _sub(value, target, where)


_LISTS = (list, tuple)
_KEYWORDS = {
    "type": _type, "enum": _enum, "const": _const, "multipleOf": _multiple_of,
    "minimum": _bound(lambda v, w: v >= w, "less than the minimum of"),
    "maximum": _bound(lambda v, w: v <= w, "greater than the maximum of"),
    "exclusiveMinimum": _bound(lambda v, w: v > w, "less than or equal to the minimum of"),
    "exclusiveMaximum": _bound(lambda v, w: v < w, "greater than or equal to the maximum of"),
    "minLength": _length(str, lambda n, w: n >= w, "is too short"),
    "maxLength": _length(str, lambda n, w: n <= w, "is too long"),
    "pattern": _pattern, "format": _format, "prefixItems": _prefix_items, "items": _items,
    "contains": _contains,
    "minItems": _length(_LISTS, lambda n, w: n >= w, "is too short"),
    "maxItems": _length(_LISTS, lambda n, w: n <= w, "is too long"),
    "uniqueItems": _unique, "properties": _properties, "patternProperties": _pattern_properties,
    "additionalProperties": _additional, "propertyNames": _property_names, "required": _required,
    "dependentRequired": _dependent_required,
    "minProperties": _length(dict, lambda n, w: n >= w, "does not have enough properties"),
    "maxProperties": _length(dict, lambda n, w: n <= w, "has too many properties"),
    "anyOf": _any_of, "oneOf": _one_of, "allOf": _all_of, "not": _not, "if": _if, "$ref": _ref,
}

# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/reference, written from what the program says about itself: `leoflow help -o
json`, `leoflow schema`, /openapi.json, and the named limits in the sources."""
import json

NOTE = ("<!-- Written by tools/docs from {source}: change that and run `make docs-reference`. "
        "-->\n\n")
METHODS = ("get", "post", "put", "patch", "delete")


def cell(text):
    """Text that may stand in a table and holds no markup of its own."""
    text = str(text).replace("\n", " ").replace("|", "\\|")
    return text.replace("<", "&lt;").replace("{{", "{ {").strip()


def code(text):
    return "`" + str(text).replace("|", "\\|") + "`" if text != "" else ""


def table(titles, rows):
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def page(title, source, intro, parts):
    return (f"# {title}\n\n" + NOTE.format(source=source) + intro.strip() + "\n\n"
            + "\n".join(part.rstrip("\n") + "\n" for part in parts if part))


# The command line.

def _argument_row(argument):
    names = ", ".join(code(name) for name in argument["names"])
    if argument["value"] and argument["names"][0].startswith("-"):
        names += " " + code(argument["value"])
    about = cell(argument["about"])
    if argument["repeatable"] and "repeatable" not in about:
        about += " (repeatable)"
    choices = ", ".join(code(choice) for choice in argument["choices"])
    return [names, about, choices]


def _argument_table(title, arguments):
    if not arguments:
        return ""
    rows = [_argument_row(argument) for argument in arguments]
    if any(row[2] for row in rows):
        return table([title, "meaning", "one of"], rows)
    return table([title, "meaning"], [row[:2] for row in rows])


def _examples(command):
    if not command["examples"]:
        return ""
    return "```\n" + "\n".join(command["examples"]) + "\n```\n"


def _command(command, level):
    parts = [f"{'#' * level} {command['path']}", command["about"] + ".",
             "```\n" + command["usage"] + "\n```",
             _argument_table("argument", command["arguments"]),
             _argument_table("option", command["options"]),
             ("For example:\n\n" + _examples(command)) if command["examples"] else ""]
    parts += [note.replace("\n  ", "\n\n      ") for note in command["notes"]]
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def cli_page(reference):
    commands = reference["commands"][1:]
    parts, heading = [], None
    for command in commands:
        deep = command["path"].count(" ") > 1
        if not deep and command["group"] != heading:
            heading = command["group"]
            parts.append(f"## {heading}\n")
        has_parts = any(c["path"].startswith(command["path"] + " ") for c in commands)
        if has_parts:
            parts.append(f"### {command['path']}\n\n{command['about']}.\n")
        else:
            parts.append(_command(command, 4 if deep else 3))
    parts.append("## Options of every command\n\n"
                 + _argument_table("option", reference["options"]))
    parts.append("## Exit status\n\n" + table(
        ["status", "meaning"],
        [[fact["name"], cell(fact["about"])] for fact in reference["exit_statuses"]]))
    return page("Commands", "`leoflow help -o json`",
                "Every command with its options. How they find the server, and how output looks, "
                "is in [the command line](../cli.md).", parts)


def environment_page(reference):
    rows = [[", ".join(code(name) for name in fact["name"].split(", ")), cell(fact["part"]),
             cell(fact["about"])] for fact in reference["environment"]]
    return page("Environment variables", "`leoflow help environment -o json`",
                "Nothing else is read from the environment. A variable set to the empty text "
                "counts as not set. Tasks start with a clean environment of their own: what they "
                "need stands in `leoflow.yaml` (`tasks.<id>.env`), in connections and variables.",
                [table(["variable", "read by", "meaning"], rows)])


# leoflow.yaml.

def _bounds(schema):
    low, high = schema.get("minimum"), schema.get("maximum")
    return f"{low} to {high:,}" if low is not None and high is not None else "whole number"


def type_text(schema):
    """A schema as people read it."""
    if "const" in schema:
        return code(f'"{schema["const"]}"')
    if "enum" in schema:
        return ", ".join(code(word) for word in schema["enum"])
    kinds = schema.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    if kinds == ["integer"]:
        return _bounds(schema)
    if kinds == ["boolean"]:
        return "true or false"
    if kinds == ["array"]:
        return "list of " + plural(type_text(schema["items"]))
    if kinds == ["object"]:
        inner = schema.get("additionalProperties")
        return "map of " + plural(type_text(inner)) if isinstance(inner, dict) else "map"
    if kinds == ["string", "number"]:
        return "quantity, such as " + " or ".join(code(e) for e in schema.get("examples", []))
    return "text" if kinds == ["string"] else kinds[0]


def plural(text):
    return text + "s" if text == "map" else text


def _has_keys(schema):
    return bool(schema.get("properties"))


def _rows(schema, prefix):
    """(key, type, meaning) of each key below; of maps and lists of maps, what is in them too."""
    for name, value in schema.get("properties", {}).items():
        key = prefix + name
        about = cell(value.get("description", ""))
        if "default" in value:
            about += f" Default: {code(json.dumps(value['default']))}."
        if name in schema.get("required", []):
            about += " Required."
        yield [code(key), type_text(value), about]
        yield from _inner_rows(value, key)


def _inner_rows(value, key):
    if _has_keys(value):
        yield from _rows(value, key + ".")
    for below, mark in (("items", "[]."), ("additionalProperties", ".<name>.")):
        inner = value.get(below)
        if isinstance(inner, dict) and _has_keys(inner):
            yield from _rows(inner, key + mark)


def yaml_page(schema):
    simple, sections = [], []
    for name, value in schema["properties"].items():
        rows = list(_rows({"properties": {name: value}, "required": []}, ""))
        if len(rows) == 1:
            simple += rows
        else:
            sections.append(f"## {name}\n\n" + table(["key", "type", "meaning"], rows))
    parts = ["## Single keys\n\n" + table(["key", "type", "meaning"], simple)] + sections
    return page("Keys of leoflow.yaml", "`leoflow schema`",
                "Every key. How the file is read, and what outweighs what, is in "
                "[leoflow.yaml](../leoflow-yaml.md). `leoflow schema` prints the JSON schema that "
                "this page is made from; editors complete and check with it.", parts)


# REST.

def _operations(document):
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def _tag(operation):
    return (operation.get("tags") or ["Other"])[0]


# What a request that cannot be read is answered with, whatever it asks for.
UNREADABLE = {"411", "414", "415"}


def _statuses(operation):
    return ", ".join(sorted(set(operation["responses"]) - UNREADABLE))


def rest_page(document):
    groups = {}
    for path, method, operation in _operations(document):
        groups.setdefault(_tag(operation), []).append((path, method, operation))
    parts = []
    for tag, operations in groups.items():
        rows = []
        for path, method, operation in operations:
            query = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
            rows.append([code(f"{method.upper()} {path}"), cell(operation.get("summary", "")),
                         ", ".join(code(name) for name in query), cell(operation.get("x-role", "")),
                         _statuses(operation)])
        parts.append(f"## {tag}\n\n" + table(["operation", "what it does", "query", "role",
                                              "answers"], rows))
    return page("REST operations", "`/openapi.json`",
                "Every operation with the parameters of its query, the least role that may use it, "
                "and the statuses it answers; beside them 411 without a length, 414 for a URL "
                "that is too long, 415 for a body of another kind. Bodies and answers are in "
                "`/openapi.json` of a running server. How to use it: [REST API](../rest-api.md).",
                parts)

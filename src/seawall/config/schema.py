"""What the model knows of each key: the published JSON Schema, ``config explain``, and rules in words.

Keys are written with dots. Tables whose keys are yours have ``NAME`` for any of them: ``processes.NAME.command``.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from seawall.config.model import Settings
from seawall.errors import UsageError

Schema = dict[str, Any]
ANY = "NAME"


@dataclass(frozen=True)
class KeyFacts:
    """One key as the reference shows it. ``default`` is TOML, or "" where the key must be given."""

    key: str
    must_be: str
    default: str
    required: bool
    description: str
    example: str
    becomes: str


def json_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of ``seawall.toml``, environments included, for editors and checkers."""
    schema = _without_private(Settings.model_json_schema(mode="validation"))
    partial = {f"Partial{name}": _optional(table) for name, table in schema["$defs"].items()}
    overlay = _optional({**schema, "title": "Overlay"})
    overlay["description"] = "What is different in one environment: tables merge, everything else replaces."
    environments = {
        "type": "object",
        "description": "Environments such as staging, each with the keys that differ from the base.",
        "additionalProperties": {"$ref": "#/$defs/Overlay"},
    }
    schema["$defs"] |= {**partial, "Overlay": overlay}
    schema["properties"]["environments"] = environments
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "seawall.toml",
        "description": "How seawall puts a Python web app online.",
    }


def explain(key: str) -> str:
    """A key, or a table, in plain text. Raises UsageError with the nearest key if there is none."""
    facts = {known.key: known for known in all_keys()}
    found = facts.get(_with_any(key))
    if found is not None:
        return _explained(found)
    inside = [known for known in facts.values() if known.key.startswith(f"{key}.")]
    if inside:
        return "\n\n".join(_explained(known) for known in inside)
    near = difflib.get_close_matches(key, facts, n=1, cutoff=0.5) or [
        known for known in facts if known.rpartition(".")[2] == key.rpartition(".")[2]
    ]
    remedy = f"Did you mean `{near[0]}`?" if near else "`seawall config explain` lists all keys."
    raise UsageError(f"there is no key `{key}`", remedy=remedy)


@cache
def all_keys() -> tuple[KeyFacts, ...]:
    """Every key that holds a value, in the file's order."""
    root = _private_schema()
    return tuple(_facts(path, node, required) for path, node, required in _walk((), root))


def table_description(name: str) -> str:
    """What a table of the file is for; "" for the top level."""
    return str(_private_schema()["properties"].get(name, {}).get("description", ""))


def node_at(path: tuple[str | int, ...]) -> Schema | None:
    """The schema of the key at ``path``, or None where the model has none."""
    node: Schema | None = _private_schema()
    for part in path:
        if node is None:
            return None
        node = _child(node, part)
    return node


def properties(node: Schema) -> Schema:
    """The fixed keys of a table; none where the keys are the user's."""
    return dict(resolved(node).get("properties", {}))


def resolved(node: Schema) -> Schema:
    """The table a node stands for: references followed, and the table of "a command or a table"."""
    if "$ref" in node:
        return dict(_private_schema()["$defs"][node["$ref"].rpartition("/")[2]])
    for option in node.get("anyOf", []):
        if "$ref" in option:
            return resolved(option)
    return node


def in_words(node: Schema) -> str:
    """What a value must be, so that it finishes the sentence "KEY must be …"."""
    if "x-words" in node:
        return str(node["x-words"])
    if "anyOf" in node:
        return " or ".join(in_words(option) for option in node["anyOf"])
    if "const" in node or "enum" in node:
        options = [json.dumps(option) for option in node.get("enum", [node.get("const")])]
        return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}"
    kinds = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a string"}
    if node.get("type") == "array":
        return "a list, each item " + in_words(node["items"])
    return kinds.get(node.get("type", ""), "a table") + _limits(node)


def toml(value: object) -> str:
    """A JSON-like value as TOML writes it in one line."""
    if isinstance(value, dict):
        pairs = (f"{_toml_key(key)} = {toml(inner)}" for key, inner in value.items())
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, str | bool | int | float):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _toml_key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() and key.isascii() else json.dumps(key)


@cache
def _private_schema() -> Schema:
    return Settings.model_json_schema(mode="validation")


def _without_private(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_private(value) for key, value in node.items() if not key.startswith("x-")}
    return [_without_private(item) for item in node] if isinstance(node, list) else node


def _optional(table: Schema) -> Schema:
    """A table of an environment: nothing in it must be given, as the base may have it."""
    return {key: _to_partial(value) for key, value in table.items() if key not in ("required", "$defs")}


def _to_partial(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: value.replace("#/$defs/", "#/$defs/Partial") if key == "$ref" else _to_partial(value)
            for key, value in node.items()
        }
    return [_to_partial(item) for item in node] if isinstance(node, list) else node


def _child(node: Schema, part: str | int) -> Schema | None:
    table = resolved(node)
    if isinstance(part, int):
        return table.get("items")
    found = table.get("properties", {}).get(part)
    return found if found is not None else _free_value(table)


def _free_value(table: Schema) -> Schema | None:
    """The schema of the values of a table whose keys are the user's."""
    patterns = list(table.get("patternProperties", {}).values())
    extra = table.get("additionalProperties")
    if patterns:
        return dict(patterns[0])
    return extra if isinstance(extra, dict) else None


def _walk(path: tuple[str, ...], node: Schema) -> Iterator[tuple[tuple[str, ...], Schema, bool]]:
    table = resolved(node)
    for name, child in table.get("properties", {}).items():
        inner = resolved(child)
        if "properties" in inner:
            yield from _walk((*path, name), inner)
            continue
        yield (*path, name), child, name in table.get("required", ())
        free = _free_value(inner)
        if free is not None and "properties" in resolved(free):
            yield from _walk((*path, name, ANY), free)


def _facts(path: tuple[str, ...], node: Schema, required: bool) -> KeyFacts:
    name = path[-1]
    example = node["examples"][0]
    is_table = isinstance(example, dict)
    return KeyFacts(
        key=".".join(path),
        must_be=_table_in_words(node) if is_table else in_words(node),
        default="" if required else toml(node["default"]),
        required=required,
        description=node["description"],
        example="\n".join([f"[{name}]", *(f"{_toml_key(k)} = {toml(v)}" for k, v in example.items())])
        if is_table
        else f"{name} = {toml(example)}",
        becomes=node["x-becomes"],
    )


def _table_in_words(node: Schema) -> str:
    key = in_words(node.get("propertyNames", {"type": "string"}))
    value = _free_value(node) or {}
    words = "a table" if "properties" in resolved(value) else in_words(value)
    return f"a table. Each key is {key}; each value is {words}"


def _limits(node: Schema) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is None or high is None:
        return ""
    return f" from {low:g} to {high:g}" if isinstance(low, float) else f" from {low} to {high}"


def _with_any(key: str) -> str:
    """``processes.worker.count`` is the key ``processes.NAME.count``, and ``env.PORT`` is explained by ``env``."""
    parts = key.split(".")
    if parts[0] in ("env", "static"):
        return parts[0]
    if len(parts) == 3 and parts[0] in ("processes", "schedule"):
        parts[1] = ANY
    return ".".join(parts)


def _explained(facts: KeyFacts) -> str:
    default = "none: it must be given" if facts.required else facts.default
    example = "\n           ".join(facts.example.splitlines())
    return (
        f"{facts.key}\n  {facts.description}\n\n"
        f"  must be: {facts.must_be}\n  default: {default}\n  example: {example}\n  becomes: {facts.becomes}"
    )

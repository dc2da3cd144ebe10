"""Changing single values of a TOML file and leaving everything else as it was written, comments and all."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from seawall.errors import ConfigError

Value = str | int | bool | None
_HEADER = re.compile(r"^[ \t]*\[(?!\[)[ \t]*(?P<path>[^\]\n]+?)[ \t]*\][ \t]*(#.*)?$")
_ANY_HEADER = re.compile(r"^[ \t]*\[")


def with_values(text: str, table: tuple[str, ...], values: Mapping[str, Value], place: str) -> str:
    """The text with these values in a table; None takes a key away. The table is made where there is none.

    Raises ConfigError, naming ``place``, where the file is written in a way that this cannot change (inline tables,
    dotted keys): nothing is guessed.
    """
    lines = text.splitlines(keepends=True)
    start = _header(lines, table)
    if start is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        lines += [f"{gap}\n[{'.'.join(map(_key, table))}]\n"]
        start = len(lines) - 1
    for name, value in values.items():
        _set(lines, start, name, value)
    changed = "".join(lines)
    if _parsed(changed) != _wanted(text, table, values):
        raise ConfigError(
            f"the table [{'.'.join(table)}] is written in a way that cannot be changed automatically",
            place=place,
            remedy="change it by hand: " + ", ".join(f"{name} = {_toml(value)}" for name, value in values.items()),
        )
    return changed


def _header(lines: list[str], table: tuple[str, ...]) -> int | None:
    for number, line in enumerate(lines):
        match = _HEADER.match(line.rstrip("\r\n"))
        if match and tuple(part.strip().strip("\"'") for part in match["path"].split(".")) == table:
            return number
    return None


def _set(lines: list[str], start: int, name: str, value: Value) -> None:
    """Change the key's line in the table that begins at ``start``, or add one after its last key."""
    own = re.compile(rf"^[ \t]*{re.escape(_key(name))}[ \t]*=")
    last = start
    for number in range(start + 1, len(lines)):
        if _ANY_HEADER.match(lines[number]):
            break
        if own.match(lines[number]):
            lines[number] = _changed(lines[number], value)
            return
        if lines[number].strip() and not lines[number].lstrip().startswith("#"):
            last = number
    if value is not None:
        if not lines[last].endswith("\n"):
            lines[last] += "\n"
        lines.insert(last + 1, f"{_key(name)} = {_toml(value)}\n")


def _changed(line: str, value: Value) -> str:
    """The line with another value, its comment kept; "" without one."""
    if value is None:
        return ""
    head, _, rest = line.partition("=")
    comment = re.match(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[^"'#])*?(?P<comment>[ \t]*#.*)""", rest)
    end = "\n" if line.endswith("\n") else ""
    return f"{head.rstrip()} = {_toml(value)}{comment['comment'].rstrip() if comment else ''}{end}"


def _wanted(text: str, table: tuple[str, ...], values: Mapping[str, Value]) -> dict[str, Any]:
    data = _parsed(text)
    at: Any = data
    for part in table:
        at = at.setdefault(part, {})
    for name, value in values.items():
        if value is None:
            at.pop(name, None)
        else:
            at[name] = value
    return data


def _parsed(text: str) -> dict[str, Any]:
    """Text that is no TOML, as a change made it, is like no table."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def _toml(value: Value) -> str:
    """Booleans, whole numbers and ASCII text are written in TOML as in JSON."""
    return json.dumps(value)

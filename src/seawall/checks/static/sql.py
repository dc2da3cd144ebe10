"""What a statement of SQL does to a schema, as far as its first words say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NAME = r"(?:\"[^\"]+\"|`[^`]+`|[\w$?]+)"
TABLE = rf"(?P<table>{NAME}(?:\.{NAME})?)"
COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
BODY = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", re.S)
#: What each kind of statement begins with; the first that fits is taken.
KINDS = {
    "drop": rf"drop\s+(?:table|schema|database)\s+(?:if\s+exists\s+)?{TABLE}",
    "truncate": rf"truncate\s+(?:table\s+)?(?:only\s+)?{TABLE}",
    "delete": rf"delete\s+from\s+(?:only\s+)?{TABLE}(?!.*\bwhere\b)",
    "index": rf"create\s+(?:unique\s+)?index\s+(?P<concurrently>concurrently\s+)?.*?\bon\s+(?:only\s+)?{TABLE}",
    "create": rf"create\s+(?:(?:global|local|temp|temporary|unlogged)\s+)*table\s+(?:if\s+not\s+exists\s+)?{TABLE}",
    "alter": rf"alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?{TABLE}\s+(?P<action>.*)",
}
PATTERNS = {kind: re.compile(pattern, re.I | re.S) for kind, pattern in KINDS.items()}
#: What an ALTER TABLE does, each action looked at by itself (PostgreSQL's and MariaDB's ALTER TABLE).
NOT_A_COLUMN = r"(?:constraint|index|key|primary|foreign|check|partition|unique)\b"
NOT_DROPPED = rf"{NOT_A_COLUMN}|default|not\s+null|expression|identity"
ACTIONS = {
    "drop-column": rf"drop\s+(?:column\b|(?!{NOT_DROPPED}){NAME}\s*(?:cascade|restrict)?$)",
    "rename": r"(?:rename\s+(?!constraint|index|key)|change\s)",
    "type": r"(?:alter\s+(?:column\s+)?\S+\s+(?:set\s+data\s+)?type\b|modify\s)",
    "not-null": r"alter\s+(?:column\s+)?\S+\s+set\s+not\s+null",
    "constraint": r"add\s+(?:constraint\s+\S+\s+)?(?:foreign\s+key|check|unique(?!\s+using)|exclude)\b",
    "column": rf"add\s+(?:column\s+)?(?:if\s+not\s+exists\s+)?(?!{NOT_A_COLUMN}){NAME}\s",
}
ACTION_PATTERNS = {kind: re.compile(pattern, re.I | re.S) for kind, pattern in ACTIONS.items()}


@dataclass(frozen=True)
class Statement:
    """``kind`` is one of those above, or of the actions of an ALTER TABLE; ``text`` is what decided it, in lower
    case."""

    kind: str
    table: str
    text: str


def statements(sql: str) -> Iterator[Statement]:
    """The statements of a text that do something to tables. What stands in quotes is not looked at."""
    bare = BODY.sub("''", COMMENTS.sub(" ", sql))
    for part in bare.split(";"):
        yield from _read(" ".join(part.split()))


def _read(text: str) -> Iterator[Statement]:
    for kind, pattern in PATTERNS.items():
        found = pattern.match(text)
        if found and kind == "alter":
            for action in re.split(r",(?![^(]*\))", found["action"]):
                yield from _action(found["table"], action.strip())
        elif found:
            yield Statement(kind, _plain(found["table"]), text.lower())
        if found:
            return


def _action(table: str, text: str) -> Iterator[Statement]:
    for kind, pattern in ACTION_PATTERNS.items():
        if pattern.match(text):
            yield Statement(kind, _plain(table), text.lower())
            return


def _plain(name: str) -> str:
    """A table's name without quotes; "" where a part of it is not known."""
    bare = name.replace('"', "").replace("`", "")
    return "" if "?" in bare else bare

"""What ``seawall.toml`` says once the replica of the database is the primary."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, replace

from seawall.config.document import ALWAYS_KNOWN, Document
from seawall.config.edit import Value, with_values
from seawall.config.mistakes import holds
from seawall.config.model import Project

TABLE = "database"


@dataclass(frozen=True)
class Change:
    """The file as it would be, and how that differs from what it is: "" where it says so already."""

    document: Document
    diff: str


def unchanged(document: Document) -> Change:
    """The file says so already."""
    return Change(document, "")


def promoted(document: Document, project: Project) -> Change:
    """The file with ``replica`` in the place of ``host``, and no replica. An app that had one keeps its variable, which
    leads to the only server then.

    Raises ConfigError where the file cannot be changed automatically.
    """
    database = project.database
    values: dict[str, Value] = {"host": database.replica, "address": database.replica_address or None}
    values |= {"replica": None, "replica_address": None, "replica_variable": database.replica_variable}
    text, path = document.text, document.path.name
    for where, part in _places(document, project.environment, values).items():
        text = with_values(text, where, part, path)
    data = tomllib.loads(text)
    for table in document.prefix:
        data = data[table]
    told = difflib.unified_diff(document.text.splitlines(), text.splitlines(), path, path, lineterm="")
    return Change(replace(document, text=text, data=data), "\n".join(told))


def _places(document: Document, environment: str, values: dict[str, Value]) -> dict[tuple[str, ...], dict[str, Value]]:
    """Where each value belongs: where it is written for this environment, and what is new where ``replica`` is. What
    all environments share is left alone by one beside production: there the value is laid over, or emptied."""
    overlay = document.environments.get(environment, {})
    own = (*document.prefix, "environments", environment, TABLE)
    in_base, in_own = document.base.get(TABLE, {}), overlay.get(TABLE, {}) if isinstance(overlay, dict) else {}
    found: dict[tuple[str, ...], dict[str, Value]] = {}
    for name, value in values.items():
        new = holds(in_own, "replica") and not holds(in_base, name)
        if holds(in_own, name) or new or environment not in ALWAYS_KNOWN:
            emptied = "" if value is None and holds(in_base, name) else value
            if emptied is not None or holds(in_own, name):
                found.setdefault(own, {})[name] = emptied
        elif value is not None or holds(in_base, name):
            found.setdefault((*document.prefix, TABLE), {})[name] = value
    return found

"""An app's SQLite file: there, the app's own, and with a write-ahead log, which stays with the file.

All that opens it does so with the app's rights. A file that was made stays when a deployment is taken back: it is
empty, and the next one takes it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seawall.agent.data import rights
from seawall.agent.data.engines import sqlite_files
from seawall.agent.data.wanted import SqliteFile
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change


@dataclass(frozen=True)
class SqliteFound:
    """``logged``: with a write-ahead log."""

    exists: bool
    logged: bool


def observe(resource: SqliteFile) -> SqliteFound:
    """What lies there. Raises ApplyFailed for what is no SQLite database."""
    try:
        kind = str(_as_app(resource, sqlite_files.kind))
    except CommandFailed as error:
        raise ApplyFailed(f"{resource.path} could not be looked at: {error.fact}", place=resource.path) from error
    if kind == sqlite_files.OTHER:
        raise ApplyFailed(
            f"{resource.path} is no SQLite database",
            place=resource.path,
            state="nothing has been changed",
            remedy="move it away, or give the database another path: [database] path",
        )
    return SqliteFound(kind != sqlite_files.NONE, kind == sqlite_files.LOGGED)


def diff(resource: SqliteFile, found: SqliteFound) -> Change | None:
    """What must change, or None."""
    if found.logged:
        return None
    action = "update" if found.exists else "create"
    text = "with a write-ahead log" if found.exists else "an empty SQLite database with a write-ahead log"
    return Change("database", resource.path, action, text, texts.digest(found.exists, found.logged))


def apply(resource: SqliteFile, found: SqliteFound, _work: Work) -> None:
    """Make it, or give it its log. Raises ApplyFailed."""
    try:
        _as_app(resource, sqlite_files.set_log if found.exists else sqlite_files.create)
    except CommandFailed as error:
        raise ApplyFailed(f"{resource.path} could not be made ready: {error.fact}", place=resource.path) from error


def _as_app(resource: SqliteFile, work: sqlite_files.OnFile) -> object:
    # Where the user is still to be made, there is no file of its own either.
    user = resource.user if rights.exists(resource.user) else ""
    return rights.run(user, lambda: sqlite_files.explained(work, Path(resource.path)))

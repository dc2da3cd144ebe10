"""SQLite: a file among the app's data, outside of its code, that stays from release to release."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from seawall.agent.data.vocabulary import Database
from seawall.agent.data.wanted import SqliteFile
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Layout
from seawall.config.model import Project
from seawall.stack.composition import Inputs
from seawall.stack.facts import Facts

#: Distributions that hand what is behind ``?`` to sqlite3.connect, and what each calls itself (PEP 503).
SQLALCHEMY = frozenset({"sqlalchemy", "flask-sqlalchemy", "flask-sqlalchemy-lite", "sqlmodel", "alembic"})
#: Seconds that a writer waits for the one before it. Python's own 5 are short where several workers write.
TIMEOUT = 20


def packages(_project: Project) -> tuple[str, ...]:
    return ()


def units() -> tuple[str, ...]:
    return ()


def database(project: Project, layout: Layout, _facts: Facts) -> Database:
    path = file(project, layout)
    return Database("sqlite", PurePosixPath(path).stem, layout.user, path=path)


def resources(project: Project, layout: Layout, _facts: Facts) -> tuple[Resource, ...]:
    return (SqliteFile(file(project, layout), layout.user),)


def secret_resources(_inputs: Inputs, _layout: Layout) -> tuple[Resource, ...]:
    return ()


def url(project: Project, layout: Layout, _own: Mapping[str, str], required: frozenset[str]) -> str:
    """As SQLAlchemy has it, which others follow: an absolute path is the fourth slash. How long a writer waits is a
    matter of each connection; only where SQLAlchemy reads it, it is part of the URL."""
    scheme = project.database.scheme or "sqlite"
    waits = f"?timeout={TIMEOUT}" if required & SQLALCHEMY else ""
    return f"{scheme}:///{file(project, layout)}{waits}"


def memory(_project: Project, _facts: Facts) -> int:
    return 0


def notes(inputs: Inputs) -> tuple[str, ...]:
    if inputs.project.server.workers == 1:
        return ()
    return ("SQLite lets one process write at a time: the others wait, and with many of them some give up",)


def file(project: Project, layout: Layout) -> str:
    """Where the database is."""
    return f"{layout.base}/data/{project.database.path or f'{project.app_id}.db'}"

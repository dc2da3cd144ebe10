"""SQLite: a database is a file, the scratch ones are files beside it, and names are theirs without the suffix.

The app owns the folder, and could put a link to another file in it at any time: all that opens a file there does so
with the app's own rights, in a process of its own (:mod:`seawall.agent.data.rights`).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from seawall.agent.data import rights
from seawall.agent.data.engines import naming, sqlite_files
from seawall.agent.data.engines.pace import Pace
from seawall.agent.data.figures import Figures, figures_from_wire
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import BadRequest, CommandFailed, DumpFailed, LoadFailed


class SqliteEngine:
    """The app's file and those beside it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.own = Path(database.path)

    def version(self) -> str:
        return sqlite3.sqlite_version

    def refusal(self, _version: str) -> str:
        """Never: every SQLite since 3.0 reads the files of every other (https://www.sqlite.org/onefile.html)."""
        return ""

    def dump(self, _pace: Pace | None = None) -> SqliteDump:
        """It has no server: all is done by the job itself, and at its priority."""
        return SqliteDump(self)

    def load(self, stream: IO[bytes], into: str) -> None:
        self._not_live(into)
        path = self.path(into)
        try:
            rights.feed(self._database.user, lambda given: sqlite_files.write(path, given), stream)
            damage = self.damage(into)
        except (CommandFailed, OSError) as error:
            raise LoadFailed(f"the SQLite file could not be loaded: {error}", place=str(path)) from error
        if damage:
            raise LoadFailed(f"what was loaded is not a sound SQLite database: {damage[0]}", place=str(path))

    def create(self, name: str) -> None:
        self.as_app(sqlite_files.create, self.path(name))

    def drop(self, name: str) -> None:
        self._not_live(name)
        self.as_app(sqlite_files.remove, self.path(name))

    def exists(self, name: str) -> bool:
        return self.path(name).is_file()

    def is_empty(self, name: str) -> bool:
        return not self.exists(name) or bool(self.as_app(sqlite_files.is_empty, self.path(name)))

    def names(self, prefix: str) -> list[str]:
        found = self.own.parent.glob(f"*{self.own.suffix}")
        stems = {self._name(path) for path in found if not path.name.startswith(".")}
        return sorted(name for name in stems if name.startswith(prefix))

    def sizes(self) -> dict[str, int]:
        return {name: self.path(name).lstat().st_size for name in self.names("")}

    def replace(self, name: str, by: str) -> str:
        """By SQLite's own backup, in one transaction: an app that has the file open sees the old content or the new,
        where a file renamed under it would have it write on into the old one, or mix the two up."""
        aside = naming.before(name, self.names("")) if self.exists(name) else ""
        self.as_app(sqlite_files.replace, self.path(name), self.path(by), self.path(aside) if aside else None)
        return aside

    def figures(self, name: str) -> Figures:
        return self.figures_of(self.path(name))

    def damage(self, name: str) -> list[str]:
        found: list[str] = self.as_app(sqlite_files.damage, self.path(name))
        return found

    def copy_table(self, table: str, source: str, into: str) -> str:
        try:
            return str(self.as_app(sqlite_files.copy_table, table, self.path(source), self.path(into)))
        except CommandFailed as error:
            raise LoadFailed(f"the table {table} could not be copied: {error.fact}", place=into) from error

    def url(self, name: str, live: str) -> str:
        scheme, query = live.partition(":///")[0], live.partition("?")[2]
        return f"{scheme}:///{self.path(name)}" + (f"?{query}" if query else "")

    def path(self, name: str) -> Path:
        """The file of a database."""
        own = name in (self._database.name, self.own.stem)
        return self.own if own else self.own.with_name(f"{name}{self.own.suffix}")

    def figures_of(self, path: Path) -> Figures:
        """The figures of a file."""
        return figures_from_wire(self.as_app(sqlite_files.figures, path))

    def as_app(self, work: Callable[..., Any], *args: Any) -> Any:
        """What ``work`` answers, done with the rights of the app. Raises CommandFailed."""
        return rights.run(self._database.user, lambda: sqlite_files.explained(work, *args))

    def _not_live(self, name: str) -> None:
        """A guard: what is only for scratch databases never reaches the app's own. Raises BadRequest."""
        if self.path(name) == self.own:
            raise BadRequest(f"{name} is the app's own database", state="it was left alone")

    def _name(self, path: Path) -> str:
        return self._database.name or path.stem if path == self.own else path.stem


class SqliteDump:
    """A copy of the file by SQLite's backup, which the app goes on writing beside; it is read, and then goes."""

    def __init__(self, made_by: SqliteEngine) -> None:
        self._engine = made_by
        self._copy = made_by.own.with_name(f".{sqlite_files.COPY}{os.urandom(8).hex()}")
        self.version = made_by.version()
        self.stream: IO[bytes]

    def __enter__(self) -> SqliteDump:
        source = self._engine.own
        try:
            self._engine.as_app(sqlite_files.copy_aside, source, self._copy)
            # The app could have put a link there since.
            descriptor = os.open(self._copy, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except (CommandFailed, OSError) as error:
            self._remove()
            raise DumpFailed(f"the SQLite database could not be copied: {error}", place=str(source)) from error
        self.stream = os.fdopen(descriptor, "rb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stream.close()
        self._remove()

    def figures(self) -> Figures:
        try:
            return self._engine.figures_of(self._copy)
        except CommandFailed as error:
            raise DumpFailed(f"the copy of the SQLite database cannot be read: {error.fact}") from error

    def finish(self) -> None:
        """Nothing is left to end: the copy was whole before it was read."""

    def _remove(self) -> None:
        with contextlib.suppress(CommandFailed):
            self._engine.as_app(sqlite_files.remove, self._copy)

"""What backups, restores and drills ask of a database, whichever kind it is: one module a kind.

Names are those of databases on the server that :class:`seawall.agent.data.vocabulary.Database` describes; where a kind
has no server (SQLite), its module says what a name is there.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import IO, Protocol

from seawall.agent.data.engines.pace import Pace
from seawall.agent.data.figures import Figures
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import BadRequest


class Dump(Protocol):
    """A dump under way: read ``stream`` to its end, then ask for the figures, then ``finish``. Leaving the block
    ends whatever still runs."""

    #: The bytes of the dump, to be read in pieces.
    stream: IO[bytes]
    #: The server's version, such as ``15.18``.
    version: str

    def __enter__(self) -> Dump: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def figures(self) -> Figures:
        """Of the very state that is dumped. Raises DumpFailed."""
        ...

    def finish(self) -> None:
        """Raises DumpFailed unless the program that dumps has ended well."""
        ...


class Engine(Protocol):
    """A database of a kind, and the scratch ones beside it on the same server."""

    def version(self) -> str:
        """The server's. Raises CommandFailed where it does not answer."""
        ...

    def refusal(self, version: str) -> str:
        """Why a dump of a server of this version cannot be loaded here, as a sentence; "" if it can."""
        ...

    def dump(self, pace: Pace | None = None) -> Dump:
        """Begin to dump the app's database; its server reckons the figures at that pace, or as quickly as it can.

        Raises DumpFailed.
        """
        ...

    def load(self, stream: IO[bytes], into: str) -> None:
        """Load a dump into a database that is there and empty. Raises LoadFailed."""
        ...

    def create(self, name: str) -> None:
        """Make an empty database of the app's role, with the encoding and collation of the app's own."""
        ...

    def drop(self, name: str) -> None:
        """Remove a database, if it is there; whoever is connected to it is put out."""
        ...

    def exists(self, name: str) -> bool: ...

    def is_empty(self, name: str) -> bool:
        """Whether nothing of an app's is in it. One that does not exist is empty."""
        ...

    def names(self, prefix: str) -> list[str]:
        """The databases whose names begin so: what an interrupted restore may have left."""
        ...

    def sizes(self) -> dict[str, int]:
        """All databases that are the app's, its live one among them, and the bytes of each."""
        ...

    def replace(self, name: str, by: str) -> str:
        """Put database ``by`` in the place of ``name``, in one step: at no moment is there a half of either.

        Returns where the old one is now; "" if there was none.
        """
        ...

    def figures(self, name: str) -> Figures:
        """As those of a dump, of a database at rest."""
        ...

    def damage(self, name: str) -> list[str]:
        """What the kind's own check of its files finds, as sentences; nothing if all is well, or if it has none."""
        ...

    def copy_table(self, table: str, source: str, into: str) -> str:
        """Copy a table with its rows from database ``source`` into another, under a name that is free there.

        Returns that name. Raises LoadFailed; nothing was copied then.
        """
        ...

    def url(self, name: str, live: str) -> str:
        """``live``, by which the app reaches its own database, made to lead to another one."""
        ...


def engine_for(database: Database) -> Engine:
    """The engine of a database's kind. Raises BadRequest for a kind that this agent does not know."""
    if database.kind not in _ENGINES:
        raise BadRequest(f"this agent knows no database of the kind {database.kind!r}", remedy="use the same seawall")
    return _ENGINES[database.kind](database)


# A host has one kind, and need not read the code of the others.


def _postgresql(database: Database) -> Engine:
    from seawall.agent.data.engines.postgresql import PostgreSQL

    return PostgreSQL(database)


def _mariadb(database: Database) -> Engine:
    from seawall.agent.data.engines.mariadb import MariadbEngine

    return MariadbEngine(database)


def _sqlite(database: Database) -> Engine:
    from seawall.agent.data.engines.sqlite import SqliteEngine

    return SqliteEngine(database)


_ENGINES: dict[str, Callable[[Database], Engine]] = {
    "postgresql": _postgresql,
    "mariadb": _mariadb,
    "sqlite": _sqlite,
}

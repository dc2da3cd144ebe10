"""The archive, proven: read where it lies, then brought in a scratch server to a point that was set a moment ago, where
it must hold what the live database held.

The point is set in the live server's log by the very transaction that counts its rows, so both are one state, however
much is written meanwhile. To reach it, every segment until now must be in the archive, and be readable.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace

from seawall.agent.data import beside, pgbackrest, recovered
from seawall.agent.data.engines.postgresql import PostgreSQL
from seawall.agent.data.figures import compare
from seawall.agent.data.pgbackrest import Until
from seawall.agent.data.scratch_server import ScratchServer
from seawall.agent.data.vocabulary import Archive, Data, Database
from seawall.agent.errors import NotAsBackedUp, RepositoryDamaged
from seawall.agent.journal import now

#: Copies that take no more than this together, bytes, are read each time; larger ones, with all segments, once a week.
#: What a recovery needs, it reads each time.
READ_ALWAYS = 1 << 30


@dataclass(frozen=True)
class ArchiveDrill:
    """One drill of the archive on this host."""

    data: Data
    by: str
    say: Callable[[str], None]

    def run(self) -> str:
        """The moment until which every change was found: UTC, RFC 3339; "" where there is no archive, or no copy in it
        yet. Raises RepositoryDamaged, RepositoryFailed, LoadFailed, NotAsBackedUp, Locked."""
        if self.data.archive is None:
            return ""
        archive, database = recovered.archive_of(self.data)
        if not pgbackrest.copies(archive):
            self.say(
                "the archive holds no copy of the server yet, so nothing of it is proven: the next backup adds one"
            )
            return ""
        with recovered.one_at_a_time(self.data, self.by):
            self._read(archive)
            return self._recover(archive, database)

    def _read(self, archive: Archive) -> None:
        if not is_read(pgbackrest.kept(archive), datetime.datetime.now(datetime.timezone.utc).date()):
            return
        damage = pgbackrest.damage(archive)
        if damage:
            raise RepositoryDamaged(
                "the archive of the database's changes is damaged",
                place=archive.settings,
                remedy="`seawall backup now` adds a copy to begin with again; moments before it may be lost. What "
                "pgBackRest has found is below",
                output="\n".join(damage[: beside.LISTED]),
            )
        self.say("the archive is sound: every copy and every segment in it was read")

    def _recover(self, archive: Archive, database: Database) -> str:
        live, server = PostgreSQL(database), ScratchServer(archive, self.data.app)
        moment = now()
        with live.at_a_point(database.name, f"seawall drill {moment}") as point:
            wanted = point.figures()
        recovered.push_last(archive)
        with server.brought_to(Until("name", point.point, f"{moment}, when the drill began")):
            copy = PostgreSQL(replace(database, socket=str(server.folder)))
            differences = compare(wanted, copy.figures(database.name))
            overtaken = copy.made_since(point.seen) if differences else 0
        if overtaken:  # between the transaction's first look and the point lies an instant
            self.say(
                f"{overtaken} changes were made in the very instant of it, so {len(differences)} figures say nothing"
            )
        elif differences:
            raise NotAsBackedUp(
                f"the database recovered from the archive is not what it was at {moment}",
                place=archive.settings,
                remedy="what differs is below; `seawall backup now`, then `seawall drill` again",
                output="\n".join(differences[: beside.LISTED]),
            )
        self.say(f"the archive brings back {moment}: {len(wanted) - len(differences)} figures compared")
        return moment


def is_read(kept: int, day: datetime.date) -> bool:
    """Whether all of an archive of this size is read on this day."""
    return kept <= READ_ALWAYS or day.toordinal() % 7 == 0

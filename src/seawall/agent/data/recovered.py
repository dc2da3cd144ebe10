"""The database as it was at a moment: what a scratch server holds that was brought to it from the archive.

What comes of it is restored as a backup is: beside the live database first, and compared.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from seawall.agent import lock
from seawall.agent.data import pgbackrest, psql, repository, twins
from seawall.agent.data.engines.postgresql import PostgreSQL
from seawall.agent.data.manifest import DatabasePart, FilesPart, Manifest, RedisPart
from seawall.agent.data.pgbackrest import END, Until
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.scratch_server import ScratchServer
from seawall.agent.data.source import Bytes, Source
from seawall.agent.data.vocabulary import Archive, Data, Database
from seawall.agent.errors import BadRequest, CommandFailed, LoadFailed
from seawall.agent.journal import now

#: The end of the archive, in the place of a moment.
LATEST = "latest"
#: As people write it: a moment, in UTC unless it says otherwise.
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?(?:Z|([+-]\d\d)(?::?(\d\d))?)?")
#: Bound, seconds, of the live server's last changes coming to the archive.
ARCHIVING = 60
#: The last segment that was archived, and whether the one after it fails (PostgreSQL's documentation, 28.2.12).
ARCHIVED = (
    "SELECT coalesce(last_archived_wal, ''), last_failed_time > coalesce(last_archived_time, '-infinity')"
    " FROM pg_stat_archiver"
)


@dataclass(frozen=True)
class FromMoment:
    """What is restored: the database as it was, and the files and Redis of a backup, for they have no past. Without a
    backup they stay as they are. ``reached`` is when the last change was made that is in it, "" where none was."""

    manifest: Manifest
    engine: PostgreSQL
    reached: str = ""
    backup: Source | None = None

    def dump(self, part: DatabasePart | RedisPart) -> AbstractContextManager[Bytes]:
        if isinstance(part, RedisPart) and self.backup is not None:
            return self.backup.dump(part)
        return self.engine.dump()

    def files(self, part: FilesPart, target: str) -> None:
        if self.backup is not None:
            self.backup.files(part, target)

    def check(self, _part: str) -> None:
        """The recovery has read all that it needed."""


def foreseen(data: Data, at: str, backup: Source | None) -> Manifest:
    """What a recovery would be of, before it is done.

    Raises BadRequest where there is no archive, or no such moment, NoSuchBackup where nothing can be recovered.
    """
    archive, database = archive_of(data)
    until(at)
    pgbackrest.check(archive)
    twins.refuse(archive)
    if backup is not None:
        return backup.manifest
    part = DatabasePart(database.kind, database.name, archive.version, 0, "")
    return Manifest(_stamp(), data.app, repository.this_host(), at, part)


@contextmanager
def recovered(data: Data, at: str, by: str, backup: Source | None) -> Iterator[FromMoment]:
    """The database as it was ``at`` a moment, or at the end of the archive. Raises BadRequest, RepositoryFailed,
    LoadFailed, Locked."""
    archive, database = archive_of(data)
    with one_at_a_time(data, by):
        push_last(archive)
        server, goal = ScratchServer(archive, data.app), until(at)
        with server.brought_to(goal):
            yield _found(data, at, PostgreSQL(replace(database, socket=str(server.folder))), backup)


def one_at_a_time(data: Data, by: str) -> AbstractContextManager[None]:
    """Recoveries take long and need much room. Raises Locked."""
    return lock.hold(DataPlaces(Path(data.base)).recovery_lock, by=by, action="recovery")


def _found(data: Data, at: str, engine: PostgreSQL, backup: Source | None) -> FromMoment:
    _, database = archive_of(data)
    if not engine.exists(database.name):
        raise LoadFailed(f"there was no database {database.name} then", state="the live database is as it was")
    figures, size = dict(engine.figures(database.name)), engine.size(database.name)
    part = DatabasePart(database.kind, database.name, engine.version(), size, "", figures)
    whole = backup.manifest if backup else Manifest(_stamp(), data.app, repository.this_host(), at)
    return FromMoment(replace(whole, database=part), engine, engine.reached(), backup)


def until(at: str) -> Until:
    """How pgBackRest and PostgreSQL are told a moment. Raises BadRequest for what is none."""
    if at == LATEST:
        return END
    found = MOMENT.fullmatch(at)
    try:
        if found:
            day, minute, seconds, hours, minutes = found.groups()
            zone = f"{hours or '+00'}:{minutes or '00'}"
            read = datetime.fromisoformat(f"{day} {minute}{seconds or ':00'}{zone}")
            return Until("time", read.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S+00"), at)
    except ValueError:
        found = None
    raise BadRequest(
        f"{at!r} is no moment",
        state="nothing was changed",
        remedy=f'write "2026-11-28 14:00" (UTC) or "2026-11-28 14:00:30+01:00"; the archive\'s end is {LATEST}',
    )


def archive_of(data: Data) -> tuple[Archive, Database]:
    """Raises BadRequest where there is none."""
    if data.archive is None or data.database is None:
        raise BadRequest(
            "this host keeps no changes of the database to recover a moment from",
            state="nothing was changed",
            remedy="set pitr = true in [backup] and deploy; until then there are `seawall backup list`'s",
        )
    return data.archive, data.database


def push_last(archive: Archive) -> None:
    """Have a server that runs archive its present segment; one that is dead, or that cannot, has archived all that it
    could."""
    if not psql.runs(archive.version):
        return
    deadline = time.monotonic() + ARCHIVING
    try:
        psql.ask("SELECT pg_current_xact_id()")  # recovery stops at a commit that is later than the moment wished for
        ((name,),) = psql.ask("SELECT pg_walfile_name(pg_switch_wal())")
        while time.monotonic() < deadline:
            ((last, fails),) = psql.ask(ARCHIVED)
            if last >= name or fails == "t":
                return
            time.sleep(0.2)
    except CommandFailed:
        return  # it is of no use any more; its archive is


def _stamp() -> str:
    return re.sub(r"[-:Z]", "", now()).replace("T", "-")

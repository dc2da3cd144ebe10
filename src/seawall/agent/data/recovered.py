"""The database as it was at a moment: a copy of the whole server, brought to it in a scratch server of its own.

The scratch server is the administrator's alone: it has a socket in its own folder, no port, archives nothing, and is
gone afterwards. What comes of it is restored as a backup is: beside the live database first, and compared.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from seawall.agent import lock, process
from seawall.agent.data import pgbackrest, psql, repository
from seawall.agent.data.engines.postgresql import PostgreSQL
from seawall.agent.data.manifest import DatabasePart, FilesPart, Manifest
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.source import Bytes
from seawall.agent.data.vocabulary import Archive, Data, Database
from seawall.agent.errors import BadRequest, CommandFailed, LoadFailed
from seawall.agent.files import gid_of, remove_tree, uid_of
from seawall.agent.journal import now

#: The end of the archive, in the place of a moment.
LATEST = "latest"
#: As people write it: a moment, in UTC unless it says otherwise.
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?(?:Z|([+-]\d\d)(?::?(\d\d))?)?")
#: Where scratch servers lie: on the file system of the live one, whose size they have.
BESIDE = "/var/lib/postgresql"
#: Bounds, seconds: of a recovery, and of the live server's last changes coming to the archive.
RECOVERY, ARCHIVING = 12 * 3600, 60
#: The last segment that was archived, and whether the one after it fails (PostgreSQL's documentation, 28.2.12).
ARCHIVED = (
    "SELECT coalesce(last_archived_wal, ''), last_failed_time > coalesce(last_archived_time, '-infinity')"
    " FROM pg_stat_archiver"
)
#: Only what differs from the defaults, and nothing of the live server's: a file that its settings name may be gone.
SETTINGS = """\
listen_addresses = ''
unix_socket_directories = '{folder}'
hba_file = '{folder}/seawall_hba.conf'
ident_file = '{folder}/seawall_ident.conf'
archive_mode = off
hot_standby = off
autovacuum = off
fsync = off
logging_collector = off
"""


@dataclass(frozen=True)
class FromMoment:
    """What is restored. Files have no past: they are in the backups."""

    manifest: Manifest
    engine: PostgreSQL

    def dump(self, _part: DatabasePart) -> AbstractContextManager[Bytes]:
        return self.engine.dump()

    def files(self, _part: FilesPart, target: str) -> None:
        """There are none."""

    def check(self, _part: str) -> None:
        """The recovery has read all that it needed."""


@dataclass(frozen=True)
class Foreseen:
    """What a recovery would be of, before it is done."""

    manifest: Manifest


def foreseen(data: Data, at: str) -> Foreseen:
    """Raises BadRequest where there is no archive, or no such moment."""
    archive, database = _archive(data)
    moment(at)
    part = DatabasePart(database.kind, database.name, archive.version, 0, "")
    return Foreseen(Manifest(_stamp(), data.app, repository.this_host(), at, part))


@contextmanager
def recovered(data: Data, at: str, by: str) -> Iterator[FromMoment]:
    """The database as it was ``at`` a moment, or at the end of the archive. Raises BadRequest, RepositoryFailed,
    LoadFailed, Locked."""
    archive, database = _archive(data)
    folder = Path(BESIDE) / f"seawall-recovery-{data.app}"
    with lock.hold(DataPlaces(Path(data.base)).recovery_lock, by=by, action="recovery"):
        _push_last(archive)
        _new_folder(folder)
        try:
            pgbackrest.restore(archive, str(folder), moment(at))
            with _running(archive, folder, at):
                yield _found(data, at, PostgreSQL(replace(database, socket=str(folder))))
        finally:
            remove_tree(str(folder))


def _found(data: Data, at: str, engine: PostgreSQL) -> FromMoment:
    _, database = _archive(data)
    if not engine.exists(database.name):
        raise LoadFailed(f"there was no database {database.name} then", state="the live database is as it was")
    figures, size = dict(engine.figures(database.name)), engine.size(database.name)
    part = DatabasePart(database.kind, database.name, engine.version(), size, "", figures)
    return FromMoment(Manifest(_stamp(), data.app, repository.this_host(), at, part), engine)


def moment(at: str) -> str:
    """A moment as pgBackRest and PostgreSQL read it, in UTC, "" for the archive's end. Raises BadRequest for none."""
    if at == LATEST:
        return ""
    found = MOMENT.fullmatch(at)
    try:
        if found:
            day, minute, seconds, hours, minutes = found.groups()
            zone = f"{hours or '+00'}:{minutes or '00'}"
            read = datetime.fromisoformat(f"{day} {minute}{seconds or ':00'}{zone}")
            return read.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S+00")
    except ValueError:
        found = None
    raise BadRequest(
        f"{at!r} is no moment",
        state="nothing was changed",
        remedy=f'write "2026-11-28 14:00" (UTC) or "2026-11-28 14:00:30+01:00"; the archive\'s end is {LATEST}',
    )


def _archive(data: Data) -> tuple[Archive, Database]:
    if data.archive is None or data.database is None:
        raise BadRequest(
            "this host keeps no changes of the database to recover a moment from",
            state="nothing was changed",
            remedy="set pitr = true in [backup] and deploy; until then there are `seawall backup list`'s",
        )
    return data.archive, data.database


def _push_last(archive: Archive) -> None:
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


def _new_folder(folder: Path) -> None:
    remove_tree(str(folder))
    folder.mkdir(mode=0o700)
    os.chown(folder, uid_of(pgbackrest.ADMIN), gid_of(pgbackrest.ADMIN))


@contextmanager
def _running(archive: Archive, folder: Path, at: str) -> Iterator[None]:
    """The scratch server, once it has come to the moment."""
    files = {
        "seawall.conf": SETTINGS.format(folder=folder),
        "seawall_hba.conf": "local all all peer\n",
        "seawall_ident.conf": "",
    }
    for name, content in files.items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o644)
    begin = ("start", "--wait", f"--timeout={RECOVERY}", f"--log={folder}/seawall.log")
    done = _pg_ctl(archive, folder, *begin, "-o", f"-c config_file={folder}/seawall.conf")
    try:
        if done.returncode or not _has_come(archive, folder):
            raise _not_reached(folder, at)
        yield
    finally:
        _pg_ctl(archive, folder, "stop", "--mode=fast")


def _has_come(archive: Archive, folder: Path) -> bool:
    """Wait until the server has come to its moment and lets itself be asked; False where it ends before."""
    ready = [f"/usr/lib/postgresql/{archive.version}/bin/pg_isready", "--quiet", f"--host={folder}"]
    deadline = time.monotonic() + RECOVERY
    while time.monotonic() < deadline:
        if process.run(ready, timeout=60, user=pgbackrest.ADMIN, cwd="/").returncode == 0:
            return True
        if _pg_ctl(archive, folder, "status").returncode:
            return False
        time.sleep(0.2)
    return False


def _pg_ctl(archive: Archive, folder: Path, *words: str) -> process.Completed:
    program = f"/usr/lib/postgresql/{archive.version}/bin/pg_ctl"
    return process.run([program, f"--pgdata={folder}", *words], timeout=RECOVERY + 60, user=pgbackrest.ADMIN, cwd="/")


def _not_reached(folder: Path, at: str) -> LoadFailed:
    log = folder / "seawall.log"
    whole = log.read_text(errors="replace") if log.exists() else ""
    said = process.tail(whole)
    if "before configured recovery target was reached" in whole:
        return LoadFailed(
            f"the archive ends before {at}",
            state="the live database is as it was",
            remedy=f"recover its end: --at {LATEST}",
            output=said,
        )
    return LoadFailed(
        f"the server could not be brought to {at}",
        place=str(folder),
        state="the live database is as it was",
        remedy="the last lines of its log are below",
        output=said,
    )


def _stamp() -> str:
    return re.sub(r"[-:Z]", "", now()).replace("T", "-")

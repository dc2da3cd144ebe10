"""One backup: the database, the app's files and Redis into the repository, and last the manifest that makes it one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from seawall.agent.data import figures, manifest, record, repository, retention, server_copies
from seawall.agent.data.engines import Dump, engine_for
from seawall.agent.data.engines.pace import CALM
from seawall.agent.data.engines.redis import RedisEngine
from seawall.agent.data.figures import Figures
from seawall.agent.data.jobs import Say
from seawall.agent.data.manifest import DatabasePart, FilesPart, Manifest, RedisPart
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.record import Run
from seawall.agent.data.recording import Alone, alone, in_turn
from seawall.agent.data.repository import Store
from seawall.agent.data.restic import Restic
from seawall.agent.data.saving import PIECE, Saved
from seawall.agent.data.vocabulary import Data
from seawall.agent.errors import AgentError, Cancelled, RepositoryLocked
from seawall.agent.journal import now
from seawall.agent.vocabulary import Event

Report = Callable[[Event], None]

#: Seconds for which another program at the repository is waited for, and between two looks: another host's backup may
#: be removing what is old.
PATIENCE, AGAIN = 600.0, 15.0
#: Seconds that removing what is old may take; what is left then is for the next run.
PRUNING = 3600.0
#: Seconds between two words on how far it has come.
NEWS = 10.0


def job(data: Data, say: Say) -> None:
    """As the timer starts it."""

    def report(event: Event) -> None:
        if event.kind != "step" or event.state in ("done", "failed"):
            say(f"{event.step}: {event.text}" if event.kind == "step" else event.text)

    back_up(data, report, by="the timer", cancelled=lambda: False, alone=partial(in_turn, say=say))


def back_up(data: Data, report: Report, *, by: str, cancelled: Callable[[], bool], alone: Alone = alone) -> Run:
    """Make a backup, and remove those that are kept no longer. What became of it is in the record, whatever that is.

    Raises Locked while another job is at the app's data, and else whatever keeps it from being made.
    """
    places = DataPlaces(Path(data.base))
    with alone(places, by, "backup"):
        begun, stamp = now(), _stamp()
        try:
            work = _Work(data, store_of(data, places, cancelled), report, stamp, begun)
            made = work.patiently(cancelled)
        except (AgentError, OSError) as error:
            fact = error.fact if isinstance(error, AgentError) else str(error)
            record.append(places.record, Run(record.BACKUP, stamp, begun, now(), False, error=fact))
            raise
        run = Run(record.BACKUP, made.id, begun, now(), True, made.bytes, details=work.details(made))
        record.append(places.record, run)
        _tidy(work, places)
        if data.archive is not None:
            server_copies.add(data.archive, places, made.id, report)
        return run


def store_of(data: Data, places: DataPlaces, cancelled: Callable[[], bool] = lambda: False) -> Store:
    """The repository of the app's backups. Raises AgentError where it has none."""
    if data.repository is None:
        raise AgentError(
            "this app has no repository for backups",
            place=str(places.settings),
            state="nothing was changed",
            remedy="name one: repository in [backup], then deploy",
        )
    return Store(Restic(data.repository, places.cache, cancelled=cancelled), data.app)


def proven(places: DataPlaces) -> set[str]:
    """The ids of the backups that a drill has found whole."""
    return {run.id for run in record.read(places.record) if run.job == record.DRILL and run.ok}


@dataclass
class _Work:
    """A backup under way."""

    data: Data
    store: Store
    report: Report
    stamp: str
    begun: str
    added: int = 0
    id: str = field(default="", init=False)

    def patiently(self, cancelled: Callable[[], bool]) -> Manifest:
        """Make it; while another program has the repository to itself, wait for that. Raises RepositoryLocked."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.make()
            except RepositoryLocked as error:
                if time.monotonic() + AGAIN > deadline:
                    raise
                self.report(Event("note", text=f"{error.fact}; trying again in {AGAIN:g} seconds"))
            _pause(AGAIN, cancelled)

    def make(self) -> Manifest:
        self.added = 0
        with self._step("repository") as told:
            made = self.store.open_or_make()
            if not made:
                self.store.unlock()  # of a run that was killed; restic takes none away that is still held
            taken = {snapshot.tag("backup") for snapshot in self.store.snapshots()}
            told.text = f"{self.store.restic.repository.url} made" if made else self.store.restic.repository.url
        self.id = retention.new_id(self.stamp, taken)
        result = Manifest(self.id, self.data.app, repository.this_host(), self.begun)
        result = replace(result, database=self._database(), files=self._files(), redis=self._redis())
        with self._step("manifest") as told:
            tags = [*self._tags(), f"bytes={result.bytes}"]
            self.added += self.store.save_text(manifest.MANIFEST, manifest.to_bytes(result), tags).added
            told.text = f"{self.id}, {size(result.bytes)}, of which {size(self.added)} were new"
        return result

    def _tags(self) -> list[str]:
        return [f"backup={self.id}"]

    def _database(self) -> DatabasePart | None:
        database = self.data.database
        if database is None or database.kind == "external":
            return None
        with self._step("database") as told, engine_for(database).dump(CALM) as dump:
            saved, found = self._stream(manifest.DATABASE, dump)
            part = DatabasePart(database.kind, database.name, dump.version, saved.bytes, saved.snapshot, found)
            told.text = f"{size(part.bytes)}, {_count(len(figures.tables(found)), 'table')}"
        return part

    def _redis(self) -> RedisPart | None:
        if self.data.redis is None:
            return None
        with self._step("redis") as told, RedisEngine(self.data.redis).dump() as dump:
            saved, found = self._stream(manifest.REDIS, dump)
            part = RedisPart(dump.version, saved.bytes, saved.snapshot, found)
            told.text = size(part.bytes)
        return part

    def _stream(self, path: str, dump: Dump) -> tuple[Saved, Figures]:
        """Move a dump into the repository a piece at a time. Its end is taken for one only when the program that dumps
        has said that it is: until then restic is kept waiting, and makes no snapshot."""
        heard = _News(self.report)
        with self.store.saving(path, self._tags()) as saving:
            while piece := dump.stream.read(PIECE):
                saving.write(piece)
                heard(saving.written)
            found = dict(dump.figures())
            dump.finish()
            saved = saving.finish()
        self.added += saved.added
        return saved, found

    def _files(self) -> FilesPart | None:
        folders = tuple(folder for folder in self.data.folders if Path(folder).is_dir())
        if not folders:
            return None
        with self._step("folders") as told:
            since = time.time_ns()
            excluded = self._of_engines()
            saved = self.store.save_folders(folders, excluded, self._tags(), _News(self.report))
            found = {
                path: value
                for path, value in figures.settled(figures.of_files(folders), since).items()
                if not _is_in(path, excluded)
            }
            self.added += saved.added
            part = FilesPart(folders, saved.bytes, saved.snapshot, found)
            told.text = f"{size(part.bytes)}, {_count(len(found), 'file')}"
        return part

    def _of_engines(self) -> list[str]:
        """Paths that a database looks after itself: a copy of them while it writes would be half one, half another."""
        database, redis = self.data.database, self.data.redis
        own = (
            [f"{database.path}{suffix}" for suffix in ("", "-wal", "-shm", "-journal")]
            if database and database.path
            else []
        )
        return [*own, *([redis.folder] if redis else [])]

    def details(self, made: Manifest) -> dict[str, Any]:
        """For the record."""
        return {
            "added": self.added,
            "tables": made.tables,
            "rows": made.rows,
            "files": len(made.files.hashes) if made.files else 0,
            "empty": made.empty,
        }

    @contextmanager
    def _step(self, name: str) -> Iterator[_Told]:
        told, begun = _Told(), time.monotonic()
        self.report(Event("step", name, "start"))
        try:
            yield told
        except BaseException:
            self.report(Event("step", name, "failed", told.text, time.monotonic() - begun))
            raise
        self.report(Event("step", name, "done", told.text, time.monotonic() - begun))

    def tidy(self, places: DataPlaces) -> list[str]:
        """Remove what is kept no longer, and what earlier runs of this host have left half done. Returns the ids."""
        with self._step("retention") as told:
            snapshots = self.store.snapshots()
            own = repository.this_host()
            left = [one.id for one in repository.fragments(snapshots) if one.host == own]
            backups = [backup for backup in repository.whole(snapshots) if backup.host == own]
            ids = [backup.id for backup in backups]
            gone = retention.to_forget(ids, self.data.retention, now=self.stamp, proven=proven(places))
            gone = [identity for identity in gone if identity != self.id]
            left += [one for backup in backups if backup.id in gone for one in backup.snapshots]
            self.store.forget(left)
            if left:
                self.store.prune(PRUNING)
            told.text = f"{_count(len(ids) - len(gone), 'backup')} kept, {len(gone)} removed"
        return gone


def _stamp() -> str:
    return time.strftime(retention.STAMP, time.gmtime())


def _tidy(work: _Work, places: DataPlaces) -> None:
    """A backup is one, also where what is old cannot be removed just now: that is told, and tried again next time."""
    begun = now()
    try:
        work.tidy(places)
    except (AgentError, OSError) as error:
        fact = error.fact if isinstance(error, AgentError) else str(error)
        record.append(places.record, Run(record.RETENTION, work.id, begun, now(), False, error=fact))
        work.report(Event("note", text=f"the backup was made; what is old could not be removed: {fact}"))


@dataclass
class _Told:
    text: str = ""


@dataclass
class _News:
    """Says now and then how many bytes have gone."""

    report: Report
    last: float = field(default_factory=time.monotonic)

    def __call__(self, done: int) -> None:
        if done and time.monotonic() - self.last >= NEWS:
            self.last = time.monotonic()
            self.report(Event("output", text=f"{size(done)} so far"))


def size(count: int) -> str:
    """Bytes for people."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def _count(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def _is_in(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _pause(seconds: float, cancelled: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if cancelled():
            raise Cancelled("the backup was stopped", state="no backup was made")
        time.sleep(0.1)

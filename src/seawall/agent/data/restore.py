"""Restoring a backup: beside the live data first, compared with the manifest there, and only then in its place.

Whatever fails before the exchange leaves the live data as it was; if the app does not come up on the restored data,
though it was well before, what was live is put back. What was there is kept under another name
(:mod:`seawall.agent.data.aside`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from seawall.agent import lock
from seawall.agent.data import aside, beside, beside_redis, cut_off, exchange, record
from seawall.agent.data.engines import Engine, engine_for, naming
from seawall.agent.data.engines.redis import RedisEngine
from seawall.agent.data.exchange import Folder, Move, Noted
from seawall.agent.data.outlook import Outlook
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.quiet import Quiet
from seawall.agent.data.recording import Alone, alone, recorded
from seawall.agent.data.restored import Restored
from seawall.agent.data.source import Source
from seawall.agent.errors import AgentError, Cancelled, LoadFailed
from seawall.agent.files import disk_full, remove_tree
from seawall.agent.places import Places
from seawall.agent.vocabulary import Event

#: Bytes that are written at a time.
PIECE = 1 << 20


@dataclass(frozen=True)
class Restore:
    """One restore on this host, of what ``outlook`` says."""

    outlook: Outlook
    source: Source
    places: Places
    by: str
    report: Callable[[Event], None]
    cancelled: Callable[[], bool]
    job: str = record.RESTORE
    #: What is done to the restored database before it takes the live one's place.
    adapt: Callable[[Engine, str], None] = lambda _engine, _name: None
    alone: Alone = alone

    def run(self) -> Restored:
        """Do it. Raises NotEmpty, LoadFailed, NotAsBackedUp, RepositoryFailed, Locked, Cancelled, GateFailed."""
        at, backup = self._at, self.source.manifest
        with self.alone(at, self.by, "restore"), recorded(at, self.job) as recording:
            recording.id, recording.bytes = backup.id, backup.bytes
            self._tidy()
            self.outlook.check()
            try:
                done = self._do()
                if self.outlook.wish.to and done.database:
                    recording.details[aside.MADE] = done.database
                return done
            finally:
                self._tidy()

    def _do(self) -> Restored:
        wish = self.outlook.wish
        if wish.folder:
            return self._unpacked(wish.folder)
        if wish.table:
            return self._with_table(wish.table)
        return self._other_database(wish.to) if wish.to else self._live()

    # in the place of the live data

    def _live(self) -> Restored:
        scratch = self._load()
        folders = self._unpack()
        self._fetch_redis()
        self._check_cancelled()
        with lock.hold(self.places.lock, by=self.by, action="restore"):
            return self._exchange(scratch, folders)

    def _exchange(self, scratch: str, folders: Sequence[Folder]) -> Restored:
        app = Quiet(self.places, self.report)
        app.look()
        moves = [move for folder in folders for move in folder.prepare()]
        done = Restored(backup=self.source.manifest.id, migrate=app.migrate)
        redis = self._redis_aside()
        exchange.note(self._at.exchange, Noted(tuple(moves), scratch, app.live, app.maintenance, redis))
        try:
            app.begin()
            done.kept_redis = self._load_redis(redis)
            exchange.move(moves)
            if scratch:
                done.database = self.outlook.live_name
                done.kept_database = self._engine.replace(done.database, scratch)
        except BaseException:
            self._put_back(app, moves, folders, done)
            raise
        self._begin_again(app, moves, folders, done)
        exchange.forget(self._at.exchange)
        done.kept_database = self._unless_empty(done.kept_database)
        done.folders = {str(folder.live): str(folder.before) for folder in folders if _unless_bare(folder.before)}
        done.until = self._until(done.kept_database, done.kept_redis, *done.folders.values())
        return done

    def _begin_again(self, app: Quiet, moves: Sequence[Move], folders: Sequence[Folder], done: Restored) -> None:
        """Start the app on what was restored. Raises GateFailed, StartFailed, with the data of before live again."""
        try:
            app.end()
        except AgentError as error:
            if not app.was_well:
                self._say(f"the app is not well, nor was it before: {error.fact}")
                return
            app.again()
            if done.kept_database:
                self._engine.drop(self._engine.replace(done.database, done.kept_database))
            self._put_back(app, moves, folders, done)
            error.fact = f"the app does not run on what was restored: {error.fact}"
            error.state = "the data of before is live again"
            error.remedy = (
                "perhaps the release is newer than the backup: look at it beside the live one (--to NAME), or go back "
                "to a release of that time first (`seawall rollback --to ID`)"
            )
            raise

    def _put_back(self, app: Quiet, moves: Sequence[Move], folders: Sequence[Folder], done: Restored) -> None:
        exchange.put_back(moves)
        if done.kept_redis and self.outlook.redis:
            RedisEngine(self.outlook.redis).put_back(done.kept_redis)
        exchange.forget(self._at.exchange)
        for folder in folders:
            _unless_bare(folder.before)
        app.end()

    # elsewhere

    def _other_database(self, name: str) -> Restored:
        scratch = self._load()
        old = self._unless_empty(self._engine.replace(name, scratch))
        return Restored(backup=self.source.manifest.id, database=name, kept_database=old, until=self._until(old))

    def _with_table(self, table: str) -> Restored:
        scratch = self._load()
        self._check_cancelled()
        live = self.outlook.live_name
        return Restored(
            backup=self.source.manifest.id, database=live, table=self._engine.copy_table(table, scratch, live)
        )

    def _unpacked(self, folder: Path) -> Restored:
        backup, held = self.source.manifest, {}
        if self.outlook.held():
            held = {str(folder): str(_before(folder))}
            folder.rename(held[str(folder)])
        try:
            self._unpack_into(folder)
        except BaseException:
            remove_tree(str(folder))
            for there, before in held.items():
                Path(before).rename(there)
            raise
        return Restored(backup=backup.id, folder=str(folder), folders=held)

    def _unpack_into(self, folder: Path) -> None:
        backup = self.source.manifest
        beside.new_folder(folder)
        if backup.files:
            beside.unpack(self.source, backup.files, folder)
        if backup.database:
            with self.source.dump(backup.database) as dump, disk_full(str(folder)):
                _write(dump.stream, folder / "database.dump")
                dump.finish()

    # beside the live data

    def _load(self) -> str:
        """The name of the scratch database that the backup's was restored into; "" if it has none."""
        part = self.source.manifest.database
        if part is None or self.outlook.database is None:
            return ""
        self._say(f"restoring the database beside the live one: {part.bytes} bytes")
        name = beside.scratch_name(self.outlook.live_name, beside.RESTORE, self.source.manifest.id)
        beside.load(self._engine, self.source, part, name)
        counted = f"rows: {self.source.manifest.rows}, tables: {self.source.manifest.tables}"
        self._say(f"it is what was backed up: {counted}")
        self.adapt(self._engine, name)
        return name

    def _unpack(self) -> list[Folder]:
        part, folders = self.source.manifest.files, self.outlook.folders
        if part is None or not folders:
            return []
        scratch = beside.scratch_folder(self.outlook.data.base, beside.RESTORE)
        self._say(f"restoring {len(part.hashes)} files beside the live ones: {part.bytes} bytes")
        beside.new_folder(scratch)
        beside.unpack(self.source, part, scratch)
        self._say("they are what was backed up")
        return [self._folder(live, Path(f"{scratch}{name}")) for live, name in folders]

    def _fetch_redis(self) -> None:
        part, redis = self.source.manifest.redis, self.outlook.redis
        if part is None or redis is None:
            return
        refusal = RedisEngine(redis).refusal(part.version)
        if refusal:
            raise LoadFailed(refusal, state="nothing was changed", remedy="restore it on a host with a newer Redis")
        beside_redis.fetch(self.source, part, self._rdb)
        self._say(f"what Redis held is what was backed up: {part.figures['keys'].rows} keys")

    def _redis_aside(self) -> str:
        """Where what Redis holds will be kept; "" if nothing is restored into it."""
        redis = self.outlook.redis
        return RedisEngine(redis).aside() if redis and self._rdb.exists() else ""

    def _load_redis(self, aside: str) -> str:
        if aside and self.outlook.redis:
            with self._rdb.open("rb") as file:
                RedisEngine(self.outlook.redis).load(file, aside)
        return aside

    def _folder(self, live: Path, restored: Path) -> Folder:
        live.mkdir(exist_ok=True)
        beside.give(restored, live.stat().st_uid, live.stat().st_gid)
        return Folder(live, restored, _before(live), self.outlook.data.database)

    # small things

    def _tidy(self) -> None:
        """Nothing stays of a restore that was only on its way; of one that was cut off neither."""
        data = self.outlook.data
        engine = engine_for(data.database) if data.database else None
        if put_right := cut_off.put_right(self.places, data, self.report):
            self._say(put_right)
        if engine and data.database:
            beside.drop_scratches(engine, data.database.name, beside.RESTORE)
        for path in (beside.scratch_folder(data.base, beside.RESTORE), self._rdb):
            remove_tree(str(path))

    def _unless_empty(self, old: str) -> str:
        """A database that was replaced is kept, unless nothing is in it."""
        if old and self._engine.is_empty(old):
            self._engine.drop(old)
            return ""
        return old

    def _until(self, *kept: str) -> str:
        return max((aside.until(self.outlook.data, name) for name in kept if name), default="")

    @property
    def _engine(self) -> Engine:
        if self.outlook.data.database is None:
            raise LoadFailed("this app has no database on this host", state="nothing was changed")
        return engine_for(self.outlook.data.database)

    @property
    def _at(self) -> DataPlaces:
        return DataPlaces(self.places.base)

    @property
    def _rdb(self) -> Path:
        """What Redis will hold."""
        return self._at.folder / "restore.rdb"

    def _check_cancelled(self) -> None:
        if self.cancelled():
            raise Cancelled("the restore was stopped", state="the live data is as it was")

    def _say(self, text: str) -> None:
        self.report(Event("note", "restored", text=text))


def _unless_bare(folder: Path) -> bool:
    """A folder of before is kept, unless nothing is in it."""
    if any(path for path in folder.rglob("*") if not path.is_dir()):
        return True
    remove_tree(str(folder))
    return False


def _before(folder: Path) -> Path:
    return folder.with_name(naming.before(folder.name, os.listdir(folder.parent)))


def _write(stream: IO[bytes], path: Path) -> None:
    with path.open("xb") as file:
        while piece := stream.read(PIECE):
            file.write(piece)
    path.chmod(0o600)

"""The drill: the newest backup, restored where nobody sees it, compared, looked through, tried by the app itself,
and removed. A backup that came through is proven; so is the archive of every change, where there is one."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.agent import process, releases
from seawall.agent.data import aside, beside, beside_redis, led, record, source
from seawall.agent.data.archive_drill import ArchiveDrill
from seawall.agent.data.engines import Engine, engine_for
from seawall.agent.data.manifest import DatabasePart, FilesPart, RedisPart
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.recording import Alone, Recording, alone, recorded
from seawall.agent.data.source import Source
from seawall.agent.data.vocabulary import Data
from seawall.agent.errors import NotAsBackedUp
from seawall.agent.files import remove_tree
from seawall.agent.places import Places
from seawall.agent.vocabulary import Layout

#: A repository whose newest backup holds no more than this, bytes, is read whole each time; of a larger one a seventh,
#: another one each day, so that all of it is read in a week.
READ_WHOLE = 1 << 30
#: Bound on the app's own check, seconds.
COMMAND = 3600


@dataclass(frozen=True)
class Drill:
    """One drill on this host. Raises what it finds: RepositoryDamaged, LoadFailed, NotAsBackedUp, …"""

    data: Data
    by: str
    say: Callable[[str], None]
    alone: Alone = alone

    def run(self) -> dict[str, Any]:
        """What was proven, JSON-ready."""
        with self.alone(self._at, self.by, "drill"), recorded(self._at, record.DRILL) as recording:
            self._tidy()
            try:
                proven = self._prove(recording)
                aside.expire(self.data, recording.id, self.say)
                return proven
            finally:
                self._tidy()

    def _prove(self, recording: Recording) -> dict[str, Any]:
        backup = source.backup(self.data)
        recording.id, recording.bytes = backup.manifest.id, backup.manifest.bytes
        self.say(f"backup {recording.id}, made {backup.manifest.made}")
        part = part_to_read(backup.manifest.bytes, datetime.datetime.now(datetime.timezone.utc).date())
        backup.check(part)
        self.say(f"the repository is sound ({part} of what it holds was read)")
        with ExitStack() as held:
            redis = held.enter_context(self._redis(backup, backup.manifest.redis))
            if backup.manifest.database:
                self._database(backup, backup.manifest.database, redis)
            if backup.manifest.files:
                self._files(backup, backup.manifest.files)
        archive = ArchiveDrill(self.data, self.by, self.say).run()
        proven = {
            "read": part,
            "tables": backup.manifest.tables,
            "rows": backup.manifest.rows,
            "files": len(backup.manifest.files.hashes) if backup.manifest.files else 0,
            "command": self.data.drill.command,
            "archive": archive,
        }
        recording.details.update(proven)
        return {"backup": recording.id, "made": backup.manifest.made, "bytes": recording.bytes, **proven}

    def _database(self, backup: Source, part: DatabasePart, redis: str) -> None:
        if self.data.database is None or self.data.database.kind != part.kind:
            raise NotAsBackedUp(
                f"the newest backup holds a {part.kind} database, and the app has another one, or none",
                place=backup.manifest.id,
                remedy="`seawall backup now` makes one of what there is",
            )
        engine, name = engine_for(self.data.database), self._scratch(backup)
        beside.load(engine, backup, part, name)
        self.say(
            f"the database is what was backed up: {backup.manifest.rows} rows, {len(part.figures)} figures compared"
        )
        damage = engine.damage(name)
        if damage:
            raise NotAsBackedUp(
                "the restored database is damaged",
                place=backup.manifest.id,
                remedy="its own check has found what is below; look at the live one with it too",
                output="\n".join(damage[: beside.LISTED]),
            )
        if self.data.drill.command:
            self._command(engine, name, redis)

    def _files(self, backup: Source, part: FilesPart) -> None:
        scratch = beside.scratch_folder(self.data.base, beside.DRILL)
        beside.new_folder(scratch)
        beside.unpack(backup, part, scratch)
        self.say(f"the files are what was backed up: {len(part.hashes)} hashes compared")

    @contextmanager
    def _redis(self, backup: Source, part: RedisPart | None) -> Iterator[str]:
        """The socket of a Redis that holds what was backed up, or nothing; "" where the app has none."""
        if self.data.redis is None:
            yield ""
            return
        if part is not None:
            beside_redis.fetch(backup, part, self._rdb)
            self.say(f"what Redis held is what was backed up: {part.figures['keys'].rows} keys")
        with beside_redis.running(self._rdb, self.data.user) as socket:
            yield socket

    def _command(self, engine: Engine, name: str, redis: str) -> None:
        """The app's own check, as its user, in the live release, with the scratch database in the place of its own."""
        places = Places(Layout(self.data.app, self.data.base, "", "", "", "", "", "", user=self.data.user))
        live = releases.live_id(places)
        if not live:
            self.say("no release is live, so the app's own check was not run")
            return
        release = releases.load(places, live).release
        env = led.elsewhere(release.env, self.data, lambda url: engine.url(name, url), redis)
        done = led.run(self.data.drill.command, places, live, release, env, timeout=COMMAND)
        if done.returncode:
            raise NotAsBackedUp(
                f"the app's own check of the restored database {process.ending(done.returncode)}",
                place=self.data.drill.command,
                remedy="its output is below",
                output=done.output,
            )
        self.say("the app's own check of it has passed")

    def _scratch(self, backup: Source) -> str:
        live = self.data.database.name if self.data.database else ""
        return beside.scratch_name(live, beside.DRILL, backup.manifest.id)

    def _tidy(self) -> None:
        """Nothing stays of a drill, nor of one that was cut off."""
        if self.data.database:
            beside.drop_scratches(engine_for(self.data.database), self.data.database.name, beside.DRILL)
        for path in (beside.scratch_folder(self.data.base, beside.DRILL), self._rdb):
            remove_tree(str(path))

    @property
    def _rdb(self) -> Path:
        return self._at.folder / "drill.rdb"

    @property
    def _at(self) -> DataPlaces:
        return DataPlaces(Path(self.data.base))


def part_to_read(size: int, day: datetime.date) -> str:
    """How much of the repository is read, as `restic check --read-data-subset` takes it."""
    return "100%" if size <= READ_WHOLE else f"{day.toordinal() % 7 + 1}/7"

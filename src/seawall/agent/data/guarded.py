"""A migration of a database that seawall manages, watched: a snapshot before it, and an exact word after it.

A backup that is under way would make the migration wait, and with it everybody who reads what it wants to change
(PostgreSQL, "Explicit Locking"), so both hold the lock of the app's data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from seawall.agent import lock
from seawall.agent.data import record, same_migration, schemas, snapshots
from seawall.agent.data.engines import engine_for
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.schemas import Schema
from seawall.agent.data.vocabulary import Data, Database
from seawall.agent.errors import AgentError
from seawall.agent.files import remove, write_atomic
from seawall.agent.journal import now
from seawall.agent.places import Places
from seawall.agent.vocabulary import Event, Release
from seawall.agent.work import Aftermath, Work

#: How long a backup or a drill that is under way is waited for, seconds: most are through by then.
PATIENCE = 900.0
#: The exit code of what a person has to look after.
NEEDS_PERSON = 4


@dataclass(frozen=True)
class Guarded:
    """One migration on one host. ``step`` shows and journals a step of the deployment."""

    data: Data
    database: Database
    places: Places
    work: Work
    release: Release
    step: Callable[[str], AbstractContextManager[None]]
    report: Callable[[Event], None]
    cancelled: Callable[[], bool]

    @contextmanager
    def watched(self) -> Iterator[None]:
        """The migration runs within. Raises what it raises, once `work` knows what is to be said of the database."""
        self._at.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with ExitStack() as held:
            before = schemas.read(self.database)
            if not self._may_change_anything(before):
                with self._judged(before, ""):
                    yield
                return
            held.enter_context(self._turn())
            before = schemas.read(self.database)
            with self._judged(before, self._snapshot()):
                yield
            self._succeeded(before)

    @contextmanager
    def _judged(self, before: Schema, snapshot: str) -> Iterator[None]:
        note(self._at, self.work.release_id, before, snapshot)
        try:
            yield
        except BaseException:
            self.work.aftermath = after_failure(self.database, before, snapshot)
            raise
        finally:
            remove(str(self._at.migrating))

    def _turn(self) -> AbstractContextManager[None]:
        """Hold the lock of the app's data. Raises Locked after :data:`PATIENCE`, Cancelled."""
        return lock.hold_in_turn(
            self._at.lock,
            by=self.work.by,
            action="migration",
            patience=PATIENCE,
            tell=lambda text: self.report(Event("note", "migrated", text=text)),
            cancelled=self.cancelled,
        )

    def _snapshot(self) -> str:
        """The id of the snapshot that was made; "" where none was wanted."""
        if not self.release.snapshot or engine_for(self.database).is_empty(self.database.name):
            return ""
        with self.step("saved"):
            begun = now()
            taken = snapshots.take(self.data, self.database, self._at, self.work.release_id, self.cancelled)
        run = record.Run(record.SNAPSHOT, taken.release, begun, now(), ok=True, bytes=taken.manifest.bytes)
        record.append(self._at.record, run)
        return taken.release

    def _may_change_anything(self, before: Schema) -> bool:
        return same_migration.read_mark(self._at.migrated) != self._mark(before)

    def _succeeded(self, before: Schema) -> None:
        after = schemas.read(self.database)
        same_migration.write_mark(self._at.migrated, self._mark(after))
        if after != before:
            self.work.aftermath = Aftermath("the migration has run, and the database keeps its new schema")

    def _mark(self, schema: Schema) -> str:
        code = self.places.release(self.work.release_id).code
        return same_migration.mark(self.release, code, self.database, schema)

    @property
    def _at(self) -> DataPlaces:
        return DataPlaces(self.places.base)


def after_failure(database: Database, before: Schema, snapshot: str) -> Aftermath:
    """What is to be said of a database after its migration has ended early."""
    try:
        changed = schemas.difference(before, schemas.read(database))
    except AgentError as error:
        return Aftermath(
            "whether the migration left the database's schema half way could not be seen",
            remedy=f"the database did not answer ({error.fact}); {_way_back(snapshot)}",
            exit_code=NEEDS_PERSON,
        )
    if not changed:
        return Aftermath("the database's schema is that of before the migration", unchanged=True)
    return Aftermath(
        "the migration left the database's schema half way",
        remedy=f"see whether the release that is live can work with it; {_way_back(snapshot)}",
        output="\n".join(["what has come (+) and gone (-) since before the migration:", *changed]),
        exit_code=NEEDS_PERSON,
    )


def _way_back(snapshot: str) -> str:
    if snapshot:
        return f"`seawall restore --snapshot {snapshot}` puts the database back as it was before it"
    return "no snapshot was made before it; `seawall backup list` shows the backups there are"


# what a power cut, or whatever else ends the agent, leaves behind


def note(at: DataPlaces, release_id: str, before: Schema, snapshot: str) -> None:
    """Write down what a migration began with, for :func:`left_behind`."""
    data = {"release": release_id, "schema": before, "snapshot": snapshot}
    write_atomic(str(at.migrating), json.dumps(data).encode(), 0o600)


def left_behind(base: Places) -> str:
    """What is to be said of a migration that was cut off with its deployment; "" if none was."""
    at = DataPlaces(base.base)
    if not at.migrating.exists():
        return ""
    begun = json.loads(at.migrating.read_bytes())
    database = at.data().database
    remove(str(at.migrating))
    if database is None:
        return ""
    told = after_failure(database, tuple(begun["schema"]), str(begun["snapshot"]))
    return "; ".join(filter(None, (told.state, told.remedy)))

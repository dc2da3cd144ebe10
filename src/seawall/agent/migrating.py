"""The step ``migrated``: the app's set-up and migration commands, once per fleet, while the old release serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from seawall.agent import commands
from seawall.agent.files import write_atomic
from seawall.agent.places import Places
from seawall.agent.vocabulary import Event, Release
from seawall.agent.work import Aftermath, Work

SET_UP = "set-up"


@dataclass(frozen=True)
class Migrating:
    """``step`` shows and journals a step of the deployment."""

    places: Places
    step: Callable[[str], AbstractContextManager[None]]
    report: Callable[[Event], None]
    cancelled: Callable[[], bool]

    def migrate(self, work: Work, release: Release) -> None:
        """Raises MigrationFailed, Cancelled; what is to be said of the database then is in ``work.aftermath``."""
        todo = [("migration", release.migrate)] if release.migrate else []
        if release.setup and not self.places.set_up.exists():
            todo.insert(0, (SET_UP, release.setup))
        if not todo:
            return
        with self._watched(work, release), self.step("migrated"):
            for what, command in todo:
                self._run(what, command, work, release)

    def _run(self, what: str, command: str, work: Work, release: Release) -> None:
        at = self.places.release(work.release_id)

        def hear(line: str) -> None:
            self.report(Event("output", "migrated", text=line))

        commands.run_once(what, command, self.places, at, release, on_line=hear, cancelled=self.cancelled)
        if what == SET_UP:
            mark_set_up(self.places)

    def _watched(self, work: Work, release: Release) -> AbstractContextManager[None]:
        """The database is looked after where it is seawall's own on this host."""
        from seawall.agent.data.guarded import Guarded  # late: most apps' databases are elsewhere
        from seawall.agent.data.places import DataPlaces

        at = DataPlaces(self.places.base)
        data = at.data() if at.settings.exists() else None
        if data is None or data.database is None:
            return _unwatched(work)
        guarded = Guarded(data, data.database, self.places, work, release, self.step, self.report, self.cancelled)
        return guarded.watched()


def mark_set_up(places: Places) -> None:
    """Note that the app's set-up command has run, or is not to be run any more."""
    write_atomic(str(places.set_up), b"", 0o600)


@contextmanager
def _unwatched(work: Work) -> Iterator[None]:
    """What can be said where the database is somebody else's: nobody here can look at it."""
    work.aftermath = Aftermath("what the migration did to the database before it ended is not taken back")
    yield
    work.aftermath = Aftermath("the migration has run, and is not taken back")

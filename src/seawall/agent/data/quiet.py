"""The app at rest for the moment in which its data is exchanged, and up again afterwards, gated like a release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seawall.agent import releases
from seawall.agent.endpoint import endpoint
from seawall.agent.gate import healthy_now
from seawall.agent.managers import manager_for
from seawall.agent.places import Places
from seawall.agent.programs import Programs
from seawall.agent.vocabulary import Event, Release


@dataclass
class Quiet:
    """The live release of an app: ended, so that nobody writes to what is about to go, and begun anew, so that nobody
    holds a connection or a file of before. Visitors get the maintenance page meanwhile."""

    places: Places
    report: Callable[[Event], None]
    live: str = ""
    maintenance: bool = False
    was_well: bool = False

    def look(self) -> None:
        """See what runs and how it is, before anything is done."""
        live = releases.live_id(self.places)
        if live and live in manager_for(self.places).running(self.places):
            self.live = live
            release = self._release()
            self.was_well = healthy_now(endpoint(self.places.release(live), release.listen), release.gate) == "healthy"
            self.maintenance = self.places.maintenance.exists()

    def begin(self) -> None:
        """End the app, if it runs."""
        if self.live:
            self.places.maintenance.touch(mode=0o644)
            self._programs().stop(self.live)

    def end(self) -> None:
        """Start it again, if it ran, and let visitors in. Raises GateFailed, StartFailed; it runs then, perhaps."""
        if not self.live:
            return
        release, programs = self._release(), self._programs()
        try:
            programs.start(self.live, release, "web")
            programs.gate(self.live, release)
            programs.start(self.live, release, "process")
            programs.settle(self.live, release)
            programs.start(self.live, release, "schedule")
        finally:
            if not self.maintenance:
                self.places.maintenance.unlink(missing_ok=True)

    def again(self) -> None:
        """End it once more."""
        if self.live:
            self.places.maintenance.touch(mode=0o644)
            self._programs().abandon(self.live)

    @property
    def migrate(self) -> str:
        """The migration command of the live release."""
        live = releases.live_id(self.places)
        return releases.load(self.places, live).release.migrate if live else ""

    def _release(self) -> Release:
        return releases.load(self.places, self.live).release

    def _programs(self) -> Programs:
        return Programs(self.places, manager_for(self.places), self.report, lambda: False)

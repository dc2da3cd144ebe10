"""Taking a deployment back: link, programs, release folder, resources, and what the front server has read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seawall.agent import converge, releases
from seawall.agent.errors import AgentError, NeedsPerson
from seawall.agent.files import remove, remove_tree, replace_link
from seawall.agent.journal import Journal
from seawall.agent.orphans import end_orphans
from seawall.agent.places import Places
from seawall.agent.programs import Programs
from seawall.agent.resource import build
from seawall.agent.undo import UndoLog
from seawall.agent.vocabulary import Service
from seawall.agent.work import Work

#: How long the new release, already switched away from, may take for the requests it has, seconds.
PATIENCE = 10.0


@dataclass(frozen=True)
class Undoing:
    """Works from what is on the disk, so another process can do it after the first was killed."""

    places: Places
    programs: Programs
    journal: Journal

    def undo(self, work: Work) -> None:
        """Put everything back as it was before this deployment began. Raises NeedsPerson if that fails too."""
        try:
            end = self.programs.stop if self._has_served(work) else self.programs.abandon
            self._link_back(work)
            if work.release_id and (work.release_id != work.old or work.action == "start"):
                self._discard(work, end)
            UndoLog.load(str(self.places.undo)).roll_back()
            converge.reload_old(self._reloaded())
        except (AgentError, OSError) as error:
            raise NeedsPerson(
                f"undoing the {work.action} failed: {error}",
                place=str(self.places.base),
                state=f"{releases.live_id(self.places) or 'no release'} is live; the rest may be half way",
                remedy="mend the cause and run any seawall command for this app: it tries again first",
            ) from error
        self.journal.write("end", outcome="undone", release=work.release_id)

    def _has_served(self, work: Work) -> bool:
        return releases.live_id(self.places) == work.release_id

    def _link_back(self, work: Work) -> None:
        if releases.live_id(self.places) == work.old:
            return
        if work.old:
            replace_link(str(self.places.live), f"releases/{work.old}")
            self.programs.drain(work.release_id, PATIENCE)
        else:
            remove(str(self.places.live))

    def _discard(self, work: Work, end: Callable[[str], None]) -> None:
        at = self.places.release(work.release_id)
        if at.record.exists():
            end(work.release_id)
        if work.new:
            end_orphans(at.root)
            end_orphans(self.places.venvs)
            remove_tree(str(at.root))

    def _reloaded(self) -> list[Service]:
        """The services that have read the new configuration already, and must read the old one again, and those of
        which one was to take the other's place."""
        services: list[Service] = []
        for record in self.journal.records():
            if record["step"] == "begin":
                services = []
            elif record["step"] in ("handover", "reload"):
                services = [build(Service, data) for data in record["services"]]
        return services

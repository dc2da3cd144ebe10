"""The programs of a release: started, gated, drained and stopped by way of the host's service manager."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from seawall.agent import gate, memory, releases, sandbox_hint
from seawall.agent.endpoint import endpoint
from seawall.agent.errors import Cancelled, FrontDoorFailed, GateFailed
from seawall.agent.managers import Manager
from seawall.agent.places import Places
from seawall.agent.sockets import listener
from seawall.agent.vocabulary import Event, Program, Release

#: How long a worker must stay up before it counts as started, seconds.
WORKER_SETTLES = 1.0
#: Between two looks at the old listener while it drains, seconds. Two looks in a row must find nothing.
DRAIN_TICK = 0.02
#: Lines of a program's log that an error carries.
LOG_LINES = 25


@dataclass(frozen=True)
class Programs:
    """What the release protocol does with programs; releases go by their ids."""

    places: Places
    manager: Manager
    report: Callable[[Event], None]
    cancelled: Callable[[], bool]

    def start(self, release_id: str, release: Release, role: str) -> None:
        """Start the release's programs of this role. Raises StartFailed."""
        at = self.places.release(release_id)
        for program in of_role(release, role):
            self.manager.start(at, program)

    def gate(self, release_id: str, release: Release) -> None:
        """Wait until the web program is healthy. Raises GateFailed with its last log lines, Cancelled."""
        at = self.places.release(release_id)
        (web,) = of_role(release, "web")
        try:
            gate.through_socket(
                endpoint(at, release.listen),
                release.gate,
                broken=lambda: self.manager.broken(at, web),
                cancelled=self.cancelled,
            )
        except GateFailed as error:
            self._check_cancelled()
            error.output = self.manager.log_tail(at, web, LOG_LINES)
            error.remedy = sandbox_hint.of(web, error.output) or error.remedy
            raise

    def settle(self, release_id: str, release: Release) -> None:
        """Workers have no health path: one that is still up after a moment counts as started. Raises GateFailed."""
        at = self.places.release(release_id)
        workers = of_role(release, "process")
        deadline = time.monotonic() + (WORKER_SETTLES if workers else 0)
        while time.monotonic() < deadline:
            self._check_cancelled()
            for program in workers:
                why = self.manager.broken(at, program)
                if why:
                    log = self.manager.log_tail(at, program, LOG_LINES)
                    remedy = sandbox_hint.of(program, log) or "its last log lines are below"
                    raise GateFailed(why, place=program.name, output=log, remedy=remedy)
            time.sleep(0.1)

    def measure(self, release_id: str, *, served: bool) -> None:
        """Record what a release that runs takes of the memory, unless more is known of it than that would tell."""
        at = self.places.release(release_id)
        if at.record.exists() and (served or not memory.is_known(at)):
            release = releases.load(self.places, release_id).release
            memory.record(at, memory.measure(self.manager, at, release, served=served))

    def check_well(self, release_id: str, release: Release) -> None:
        """The release, live by now, must not have died. Raises FrontDoorFailed."""
        at = self.places.release(release_id)
        for program in of_role(release, "web"):
            why = self.manager.broken(at, program)
            if why:
                log = self.manager.log_tail(at, program, LOG_LINES)
                raise FrontDoorFailed(
                    f"{why}, after it had passed the gate",
                    place=release_id,
                    remedy="mend the app; its last log lines are below",
                    output=log,
                )

    def is_broken(self, release_id: str, release: Release) -> bool:
        """Whether the release's web program does not run."""
        at = self.places.release(release_id)
        return any(self.manager.down(at, program) for program in of_role(release, "web"))

    def drain(self, release_id: str, patience: float) -> None:
        """Wait until the release's listener owes nobody an answer, at most ``patience`` seconds."""
        server = endpoint(self.places.release(release_id), releases.load(self.places, release_id).release.listen)
        deadline = time.monotonic() + patience
        quiet = 0
        while True:
            found = listener(server)
            quiet = quiet + 1 if not found.open_connections else 0
            if quiet == 2:
                return
            if time.monotonic() > deadline:
                text = f"{found.open_connections} connections were still open after {patience:g} s and were ended"
                self.report(Event("note", "drained", text=text))
                return
            time.sleep(DRAIN_TICK)

    def stop(self, release_id: str) -> None:
        """Stop a release's programs, and wait until they have ended."""
        for program in releases.load(self.places, release_id).release.programs:
            self.manager.stop(self.places.release(release_id), program)

    def abandon(self, release_id: str) -> None:
        """Stop a release that never took traffic. Nobody waits for its web program, which may hang or be in the middle
        of its start, where servers are deaf: it is not asked. Its workers may be at a job, and are."""
        for program in of_role(releases.load(self.places, release_id).release, "web"):
            self.manager.kill(self.places.release(release_id), program)
        self.stop(release_id)

    def stop_all(self) -> None:
        """Stop whatever of this app runs, and wait until it has ended."""
        for running in self.manager.installed(self.places):
            self.stop(running)

    def retire_all_but(self, release_id: str) -> None:
        """Have every other release of this app end in its own time."""
        for other in self.manager.installed(self.places):
            if other != release_id:
                for program in releases.load(self.places, other).release.programs:
                    self.manager.retire(self.places.release(other), program)

    def _check_cancelled(self) -> None:
        if self.cancelled():
            raise Cancelled("stopped before the switch")


def of_role(release: Release, role: str) -> list[Program]:
    """The release's programs that are ``web``, ``process`` or ``schedule``."""
    return [program for program in release.programs if program.role == role]

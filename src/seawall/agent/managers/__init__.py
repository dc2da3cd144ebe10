"""The service managers that keep releases running, behind one small interface.

Each is imported only where it is used: a plan that changes nothing should cost little more than the connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from seawall.agent.errors import BadRequest
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.vocabulary import Program


class Manager(Protocol):
    """What the release protocol asks of a service manager. Units are those of one release's program."""

    def start(self, at: ReleasePlaces, program: Program) -> None:
        """Install the program's units, start them, and have them started at boot. Raises StartFailed."""

    def stop(self, at: ReleasePlaces, program: Program) -> None:
        """Stop the program, gracefully, and remove its units. Nothing happens if it is not there."""

    def retire(self, at: ReleasePlaces, program: Program) -> None:
        """Have the program end by itself in its own time, as nobody waits for it, and remove its units."""

    def broken(self, at: ReleasePlaces, program: Program) -> str:
        """Why the program is not running, or "" if it is (or is still coming up)."""

    def down(self, at: ReleasePlaces, program: Program) -> str:
        """Why the program does not run just now, or "": a program that was restarted once and runs is not down."""

    def pids(self, at: ReleasePlaces, program: Program) -> list[int]:
        """The main processes of a program that run now."""

    def log_tail(self, at: ReleasePlaces, program: Program, lines: int) -> str:
        """The last lines it logged."""

    def log_command(self, places: Places, names: Sequence[str], lines: int, follow: str) -> list[str]:
        """The command that prints (and follows, with ``follow`` = "-f") the logs of the app's programs."""

    def running(self, places: Places) -> list[str]:
        """Ids of the releases whose units are installed: they run if the manager does."""

    def is_up(self) -> bool:
        """Whether the manager itself runs."""


def manager_for(places: Places) -> Manager:
    """Raises BadRequest for a manager this agent does not know."""
    if places.layout.manager == "systemd":
        from seawall.agent.managers.systemd import Systemd

        return Systemd(places.layout)
    if places.layout.manager == "supervisor":
        from seawall.agent.managers.supervisor import Supervisor

        return Supervisor(places)
    raise BadRequest(f"no service manager is called {places.layout.manager!r}")

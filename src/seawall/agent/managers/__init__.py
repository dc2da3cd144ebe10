"""The service managers that keep releases running, behind one small interface.

Which of them runs a program is a property of its release: while one release takes over from another, or is taken back,
the two may be of different managers. Each is imported only where it is used: a plan that changes nothing should cost
little more than the connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from seawall.agent import releases
from seawall.agent.errors import BadRequest
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.vocabulary import Layout, Program

SYSTEMD, SUPERVISOR = "systemd", "supervisor"
#: What the names of systemd's units end with (systemd.unit(5)): records of before managers were named tell by them.
UNIT_SUFFIXES = (".service", ".socket", ".timer")


class Manager(Protocol):
    """What the release protocol asks of a service manager. Units are those of one release's program."""

    def start(self, at: ReleasePlaces, program: Program) -> None:
        """Install the program's units, start them, and have them started at boot. Raises StartFailed."""

    def stop(self, at: ReleasePlaces, program: Program) -> None:
        """Stop the program, gracefully, and remove its units. Nothing happens if it is not there."""

    def kill(self, at: ReleasePlaces, program: Program) -> None:
        """End the program's processes at once, for good. Its units stay: `stop` follows."""

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

    def log_commands(self, places: Places, names: Sequence[str], lines: int, follow: str) -> list[list[str]]:
        """The commands that print (and follow, with ``follow`` = "-f") the logs of the app's programs."""

    def installed(self, places: Places) -> list[str]:
        """Ids of the releases whose units are installed."""

    def running(self, places: Places) -> list[str]:
        """Ids of the releases that run: their units are installed, and the manager is up."""


class ByProgram:
    """Each program by the manager that it was made for; what is asked of an app as a whole, by all of them."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def start(self, at: ReleasePlaces, program: Program) -> None:
        self._of(program).start(at, program)

    def stop(self, at: ReleasePlaces, program: Program) -> None:
        self._of(program).stop(at, program)

    def kill(self, at: ReleasePlaces, program: Program) -> None:
        self._of(program).kill(at, program)

    def retire(self, at: ReleasePlaces, program: Program) -> None:
        self._of(program).retire(at, program)

    def broken(self, at: ReleasePlaces, program: Program) -> str:
        return self._of(program).broken(at, program)

    def down(self, at: ReleasePlaces, program: Program) -> str:
        return self._of(program).down(at, program)

    def pids(self, at: ReleasePlaces, program: Program) -> list[int]:
        return self._of(program).pids(at, program)

    def log_tail(self, at: ReleasePlaces, program: Program, lines: int) -> str:
        return self._of(program).log_tail(at, program, lines)

    def log_commands(self, places: Places, names: Sequence[str], lines: int, follow: str) -> list[list[str]]:
        """Those of the managers that the live release uses; without one, of all."""
        live = releases.live_id(places)
        programs = releases.load(places, live).release.programs if live else ()
        asked = {manager_of(program) for program in programs if not names or program.name in names}
        return [
            command
            for manager in sorted(asked or self._known())
            for command in self._called(manager).log_commands(places, names, lines, follow)
        ]

    def installed(self, places: Places) -> list[str]:
        return sorted({name for manager in self._known() for name in self._called(manager).installed(places)})

    def running(self, places: Places) -> list[str]:
        return sorted({name for manager in self._known() for name in self._called(manager).running(places)})

    def _of(self, program: Program) -> Manager:
        return self._called(manager_of(program))

    def _known(self) -> list[str]:
        layout = self._places.layout
        return [name for name in (SUPERVISOR, SYSTEMD) if folder_of(layout, name) != Path()]

    def _called(self, name: str) -> Manager:
        if name == SYSTEMD:
            from seawall.agent.managers.systemd import Systemd

            return Systemd(self._places.layout)
        from seawall.agent.managers.supervisor import Supervisor

        return Supervisor(self._places)


def manager_for(places: Places) -> Manager:
    """Whatever runs the programs of this app's releases."""
    return ByProgram(places)


def manager_of(program: Program) -> str:
    """The name of the manager that runs a program. Raises BadRequest for one that this agent does not know."""
    if program.manager in (SYSTEMD, SUPERVISOR):
        return program.manager
    if program.manager:
        raise BadRequest(f"no service manager is called {program.manager!r}")
    return SYSTEMD if all(unit.endswith(UNIT_SUFFIXES) for unit in program.units) else SUPERVISOR


def folder_of(layout: Layout, manager: str) -> Path:
    """Where a manager's files lie; the empty path where it is not at hand."""
    return Path(layout.units if manager == SYSTEMD else layout.fragments)

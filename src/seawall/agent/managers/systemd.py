"""systemd: a socket and a service of its own for each release, as plain unit files.

Unit files are written when a release starts and removed when it stops, so what is in the unit directory is what runs.
A unit that systemd has not seen yet is read from disk when it is first named, so starting one needs no daemon-reload
(systemd.unit(5)).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from seawall.agent import files, sandbox_hint
from seawall.agent.errors import StartFailed
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.process import run
from seawall.agent.stage import fill
from seawall.agent.vocabulary import Layout, Program

#: systemctl waits for a unit to be up; a server that says so itself says it when its main process has begun, seconds.
START_TIMEOUT = 100
#: systemd itself ends a stop at the unit's TimeoutStopSec, a day at most; this is for a systemd that hangs, seconds.
STOP_TIMEOUT = 86400 + 60


def systemctl(layout: Layout) -> list[str]:
    """The command that the units' manager is asked with. On a person's own machine that is their own one, by a socket
    in their folder of runtime files, where its units lie too (systemd(1), "--user")."""
    if layout.user:
        return ["systemctl"]
    return ["/usr/bin/env", f"XDG_RUNTIME_DIR={Path(layout.units).parents[1]}", "systemctl", "--user"]


class Systemd:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.unit_dir = Path(layout.units)
        self.systemctl = systemctl(layout)
        self.journalctl = ["journalctl"] if layout.user else ["journalctl", "--user"]

    def start(self, at: ReleasePlaces, program: Program) -> None:
        self._install(at, program)
        names = [fill(name, at.id) for name in program.units]
        done = run([*self.systemctl, "start", *names], timeout=START_TIMEOUT)
        if done.returncode:
            log = self.log_tail(at, program, 20)
            raise StartFailed(
                f"systemd could not start {', '.join(names)}",
                place=names[-1],
                output=f"{done.stderr.strip()}\n{log}".strip(),
                remedy=sandbox_hint.of(program, log) or "the last lines of its log are below",
            )

    def _install(self, at: ReleasePlaces, program: Program) -> None:
        """Lay down the units, those that are started at boot too, and wait until the disk has them."""
        self.unit_dir.mkdir(parents=True, exist_ok=True)
        for file in program.files:
            name = fill(file.name, at.id)
            files.write_whole(str(self.unit_dir / name), (at.units / name).read_bytes(), 0o644)
        for unit in self._boot(at, program):
            for wants in self._wanted_by(unit):
                wants.parent.mkdir(exist_ok=True)
                files.point(str(wants), str(self.unit_dir / unit))
        files.sync_filesystem(str(self.unit_dir))

    def stop(self, at: ReleasePlaces, program: Program) -> None:
        if self._installed(at, program):
            names = [fill(name, at.id) for name in reversed(program.units)]
            run([*self.systemctl, "stop", *names], timeout=STOP_TIMEOUT)
            run([*self.systemctl, "reset-failed", *names], timeout=30)
            self._remove(at, program)

    def kill(self, at: ReleasePlaces, program: Program) -> None:
        services = [fill(name, at.id) for name in program.units if name.endswith(".service")]
        # Told to stop first, lest it is started again.
        run([*self.systemctl, "stop", "--no-block", *services], timeout=30)
        run([*self.systemctl, "kill", "--signal=KILL", *services], timeout=30)

    def retire(self, at: ReleasePlaces, program: Program) -> None:
        if self._installed(at, program):
            names = [fill(name, at.id) for name in reversed(program.units)]
            run([*self.systemctl, "stop", "--no-block", *names], timeout=30)
            self._remove(at, program)

    def _installed(self, at: ReleasePlaces, program: Program) -> bool:
        return any((self.unit_dir / fill(file.name, at.id)).exists() for file in program.files)

    def _remove(self, at: ReleasePlaces, program: Program) -> None:
        """Take the unit files away; systemd goes on by what it has read of them."""
        for unit in self._boot(at, program):
            for wants in self._wanted_by(unit):
                wants.unlink(missing_ok=True)
        for file in program.files:
            (self.unit_dir / fill(file.name, at.id)).unlink(missing_ok=True)

    def broken(self, at: ReleasePlaces, program: Program) -> str:
        name, state = self._state(at, program)
        why = _down(name, state)
        if not why and state.get("NRestarts", "0") != "0":
            return _does_not_stay_up(name, state)
        return why

    def down(self, at: ReleasePlaces, program: Program) -> str:
        return _down(*self._state(at, program))

    def pids(self, at: ReleasePlaces, program: Program) -> list[int]:
        services = [fill(name, at.id) for name in program.units if name.endswith(".service")]
        show = run([*self.systemctl, "show", "-p", "MainPID", "--value", *services], timeout=20)
        return [int(line) for line in show.stdout.split() if line != "0"]

    def _state(self, at: ReleasePlaces, program: Program) -> tuple[str, dict[str, str]]:
        """The unit that says how the program is, and what systemd says of it."""
        name = fill(next((u for u in program.units if u.endswith(".service")), program.units[0]), at.id)
        show = run([*self.systemctl, "show", "-p", "ActiveState,NRestarts,Result,ExecMainStatus", name], timeout=20)
        return name, dict(line.split("=", 1) for line in show.stdout.splitlines() if "=" in line)

    def log_tail(self, at: ReleasePlaces, program: Program, lines: int) -> str:
        names = [fill(name, at.id) for name in program.units]
        units = [word for name in names for word in ("-u", name)]
        return run([*self.journalctl, "-q", "-o", "cat", "-n", str(lines), "--no-pager", *units], timeout=20).stdout

    def log_commands(self, places: Places, names: Sequence[str], lines: int, follow: str) -> list[list[str]]:
        app = places.layout.app
        patterns = [f"seawall-{app}@*"] if not names else [_pattern(app, name) for name in names]
        units = [word for pattern in patterns for word in ("-u", pattern)]
        options = ("-q", "-o", "short-iso", "--no-pager", "-n", str(lines))
        return [[*self.journalctl, *options, *units, *([follow] if follow else [])]]

    def installed(self, places: Places) -> list[str]:
        named = re.compile(rf"seawall-{re.escape(places.layout.app)}(\.[a-z0-9.-]+)?@(v\d+)\.")
        found = (named.match(path.name) for path in self.unit_dir.glob("seawall-*@v*") if self._is_ours(path))
        return sorted({match.group(2) for match in found if match})

    def running(self, places: Places) -> list[str]:
        return self.installed(places)

    def _is_ours(self, unit: Path) -> bool:
        """On a person's own machine another folder may have an app of the same name, whose releases are not ours."""
        return bool(self.layout.user) or f"{self.layout.base}/".replace("%", "%%") in unit.read_text()

    def _boot(self, at: ReleasePlaces, program: Program) -> list[str]:
        return [fill(name, at.id) for name in program.boot]

    def _wanted_by(self, unit: str) -> list[Path]:
        """The links that `systemctl enable` would make (systemd.unit(5), [Install])."""
        path = self.unit_dir / unit
        text = path.read_text() if path.exists() else ""
        targets = re.findall(r"^WantedBy=(.*)$", text, re.M)
        return [self.unit_dir / f"{target}.wants" / unit for line in targets for target in line.split()]


def _down(name: str, state: Mapping[str, str]) -> str:
    """A service that died is "activating" too, until it is restarted; its last result tells."""
    runs = state.get("ActiveState") in ("active", "activating", "reloading")
    return "" if runs and state.get("Result", "success") == "success" else _does_not_stay_up(name, state)


def _does_not_stay_up(name: str, state: Mapping[str, str]) -> str:
    return f"{name} does not stay up (exit status {state.get('ExecMainStatus', '?')}, {state.get('Result', '?')})"


def _pattern(app: str, name: str) -> str:
    return f"seawall-{app}@*" if name == "web" else f"seawall-{app}.{name}*@*"

"""supervisor: one configuration fragment and one group for each program of a release.

supervisord makes the listening socket of the web program and hands it to the server (its manual, "fcgi-program"); it
keeps listening as long as any process of the group runs. Orders go over its XML-RPC interface, which is imported with
the first one. Fragments of others in the same folder are left to them.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seawall.agent.errors import StartFailed
from seawall.agent.files import write_atomic
from seawall.agent.orphans import end_left_behind, parent_of
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.releases import ids, live_id, load
from seawall.agent.stage import fill
from seawall.agent.vocabulary import BEGINS, Program

#: Of a log, no more than this is read for an error's last lines, bytes.
LONGEST_TAIL = 20_000
#: States of a process that does not run (its manual, "Process States").
DEAD = ("BACKOFF", "FATAL", "EXITED", "STOPPED")
#: The second process of a web program only keeps the socket open while the server is started again.
HOLDER = "-2"
#: Seconds that supervisord may need to see that a process it has killed is gone.
REMOVAL = 10
#: Seconds that a retired program, which has no request left, is given to end before it is left to itself.
PATIENCE = 1


class Supervisor:
    def __init__(self, places: Places) -> None:
        self.places = places
        self.fragments = Path(places.layout.fragments)
        self.socket = Path(places.layout.supervisor)

    def start(self, at: ReleasePlaces, program: Program) -> None:
        from seawall.agent.managers import supervisor_rpc

        for unit in program.files:
            name = fill(unit.name, at.id)
            write_atomic(str(self.fragments / name), (at.units / name).read_bytes(), 0o600)
        try:
            self._call("reloadConfig")
            for group in self._groups(at, program):
                self._forget_dead(group)
                with supervisor_rpc.tolerating(supervisor_rpc.ALREADY_ADDED):
                    self._call("addProcessGroup", group)
        except supervisor_rpc.FAILURES as error:
            raise StartFailed(
                f"supervisor could not start {program.name}: {error}",
                place=str(self.socket),
                remedy="see supervisord.log beside the app's logs; supervisord must run, and take all its files",
            ) from error

    def stop(self, at: ReleasePlaces, program: Program) -> None:
        from seawall.agent.managers.supervisor_rpc import BAD_NAME, NOT_RUNNING, tolerating

        with contextlib.suppress(OSError):  # supervisord itself is not running: so neither is the program
            for group in self._groups(at, program):
                with tolerating(BAD_NAME, NOT_RUNNING):
                    self._call("stopProcessGroup", group)
                    self._remove(group, REMOVAL)
            self._end_rest(at)
        self._remove_files(at, program)

    def kill(self, at: ReleasePlaces, program: Program) -> None:
        from seawall.agent.managers.supervisor_rpc import BAD_NAME, NOT_RUNNING, tolerating

        with contextlib.suppress(OSError):
            for group in self._groups(at, program):
                with tolerating(BAD_NAME, NOT_RUNNING):
                    # Told to stop first, lest it is started again.
                    self._call("stopProcessGroup", group, False)
                    self._call("signalProcessGroup", group, "KILL")

    def retire(self, at: ReleasePlaces, program: Program) -> None:
        """One that is still at its work after a moment is forgotten when the next one is retired."""
        from seawall.agent.managers.supervisor_rpc import BAD_NAME, NOT_RUNNING, STILL_RUNNING, tolerating

        self._remove_files(at, program)
        with contextlib.suppress(OSError):
            for group in self._groups(at, program):
                with tolerating(BAD_NAME, NOT_RUNNING):
                    self._call("stopProcessGroup", group, False)
                with tolerating(BAD_NAME, STILL_RUNNING):
                    self._remove(group, PATIENCE)
            self._sweep()

    def broken(self, at: ReleasePlaces, program: Program) -> str:
        """A process that runs and has stopped before, since its group was added, was started again."""
        why = self.down(at, program)
        restarted = [] if why else [info["name"] for info in self._processes(at, program) if info["stop"]]
        return f"{restarted[0]} does not stay up (it ended, and was started again)" if restarted else why

    def down(self, at: ReleasePlaces, program: Program) -> str:
        if not self._is_up():
            return "supervisord is not running"
        for info in self._processes(at, program):
            if info["statename"] in DEAD:
                why = info["spawnerr"] or f"exit status {info['exitstatus']}"
                return f"{info['name']} does not stay up ({info['statename'].lower()}: {why})"
        return ""

    def pids(self, at: ReleasePlaces, program: Program) -> list[int]:
        found = self._processes(at, program) if self._is_up() else []
        holder = HOLDER if program.role == "web" else None
        return [int(info["pid"]) for info in found if info["pid"] and info["name"] != f"{info['group']}{holder}"]

    def log_tail(self, at: ReleasePlaces, program: Program, lines: int) -> str:
        """Read from the files themselves: colours and other control characters are nothing that XML can carry."""
        words = [line for log in self._logs(at, program) for line in _last_words(_end_of(log), lines)]
        return "\n".join(words[-2 * lines :])

    def log_commands(self, places: Places, names: Sequence[str], lines: int, follow: str) -> list[list[str]]:
        live = live_id(places)
        programs = load(places, live).release.programs if live else ()
        at = places.release(live)
        logs = [log for item in programs if not names or item.name in names for log in self._logs(at, item)]
        return [["tail", "-q", "-n", str(lines), *([follow] if follow else []), *map(str, logs)]] if logs else []

    def installed(self, places: Places) -> list[str]:
        app = re.escape(places.layout.app)
        # Earlier versions called them APP-PART-vN.ini, on the local target alone.
        named = re.compile(rf"(?:seawall-{app}(?:\.[a-z0-9-]+)?@(v\d+)\.(?:conf|ini)|{app}-[a-z0-9-]+-(v\d+)\.ini)")
        found = (named.fullmatch(path.name) for path in self.fragments.glob("*"))
        return sorted({match.group(1) or match.group(2) for match in found if match})

    def running(self, places: Places) -> list[str]:
        found = self.installed(places)
        return found if found and self._is_up() else []

    def _is_up(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def _groups(self, at: ReleasePlaces, program: Program) -> list[str]:
        return [fill(name, at.id) for name in program.units]

    def _processes(self, at: ReleasePlaces, program: Program) -> list[dict[str, Any]]:
        groups = self._groups(at, program)
        return [info for info in self._call("getAllProcessInfo") if info["group"] in groups]

    def _logs(self, at: ReleasePlaces, program: Program) -> list[Path]:
        """The present logs of a program: ``GROUP.log``, or ``GROUP-N.log`` each."""
        named = [re.compile(rf"{re.escape(group)}(-\d+)?\.log") for group in self._groups(at, program)]
        return sorted(log for log in self.places.logs.glob("*.log") if any(name.fullmatch(log.name) for name in named))

    def _remove_files(self, at: ReleasePlaces, program: Program) -> None:
        for file in program.files:
            (self.fragments / fill(file.name, at.id)).unlink(missing_ok=True)
        if program.role == "web":
            at.socket.unlink(missing_ok=True)

    def _forget_dead(self, group: str) -> None:
        """A group that ended, or is about to, is not started by being added: it has to go first."""
        states = [info["statename"] for info in self._call("getAllProcessInfo") if info["group"] == group]
        if any(state in (*DEAD, "STOPPING") for state in states):
            self._call("stopProcessGroup", group)
            self._remove(group, REMOVAL)

    def _sweep(self) -> None:
        """Forget the app's groups that have ended since they were retired, and what they left behind."""
        from seawall.agent.managers.supervisor_rpc import BAD_NAME, STILL_RUNNING, tolerating

        own = re.compile(rf"seawall-{re.escape(self.places.layout.app)}(?:\.[a-z0-9-]+)?@v\d+")
        there = {path.stem for path in self.fragments.glob("*")}
        for group in sorted({info["group"] for info in self._call("getAllProcessInfo")} - there):
            if own.fullmatch(group):
                with tolerating(BAD_NAME, STILL_RUNNING):
                    self._call("removeProcessGroup", group)
        for name in set(ids(self.places)) - set(self.installed(self.places)):
            self._end_rest(self.places.release(name))

    def _end_rest(self, at: ReleasePlaces) -> None:
        """supervisord waits for the process that it started, and leaves what that has left behind."""
        end_left_behind(at.code, parent_of(self._call("getPID")))

    def _remove(self, group: str, patience: float) -> None:
        """Forget a group within so many seconds, in which its processes have to end."""
        import xmlrpc.client

        from seawall.agent.managers.supervisor_rpc import STILL_RUNNING

        deadline = time.monotonic() + patience
        while True:
            try:
                self._call("removeProcessGroup", group)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode != STILL_RUNNING or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def _call(self, method: str, *arguments: Any) -> Any:
        from seawall.agent.managers import supervisor_rpc

        return supervisor_rpc.call(self.socket, method, *arguments)


def _last_words(text: str, lines: int) -> list[str]:
    """So many of the last lines, and of those before the last start: what has ended may have been started again by now,
    and what a server says at its start is longer than that."""
    ended, mark, now = text.rpartition(f"{BEGINS}\n")
    return [*ended.splitlines()[-lines:], *f"{mark}{now}".splitlines()[-lines:]]


def _end_of(log: Path) -> str:
    """The last lines of a log file, whole; bytes that are no text become question marks."""
    with log.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - LONGEST_TAIL)
        file.seek(start)
        data = file.read()
    return (data.partition(b"\n")[2] if start else data).decode(errors="replace")

"""supervisor: one configuration fragment and one group for each program of a release.

The web program is an fcgi-program: supervisord makes the listening socket and hands it to the server (its manual,
"fcgi-program"). It closes it when the server dies, and leaves its file behind. We speak to it over its own XML-RPC
interface on a unix socket.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import time
import xmlrpc.client
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seawall.agent.errors import StartFailed
from seawall.agent.files import write_atomic
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.releases import live_id
from seawall.agent.stage import fill
from seawall.agent.unix_http import UnixConnection
from seawall.agent.vocabulary import Program

#: xmlrpc faults of supervisor that only say that things are already as wanted (supervisor.xmlrpc.Faults).
BAD_NAME, ALREADY_ADDED, STILL_RUNNING, NOT_RUNNING = 10, 90, 91, 70
#: Of a log, no more than this is read for an error's last lines, bytes.
LONGEST_TAIL = 20_000


class Supervisor:
    def __init__(self, places: Places) -> None:
        self.places = places
        self.fragments = Path(places.layout.unit_dir)
        self.socket = places.run / "supervisor.sock"

    def start(self, at: ReleasePlaces, program: Program) -> None:
        for unit in program.files:
            name = fill(unit.name, at.id)
            write_atomic(str(self.fragments / name), (at.units / name).read_bytes(), 0o600)
        try:
            self._call("reloadConfig")
            for group in self._groups(at, program):
                with _tolerating(ALREADY_ADDED):
                    self._call("addProcessGroup", group)
        except (xmlrpc.client.Error, OSError) as error:
            raise StartFailed(
                f"supervisor could not start {program.name}: {error}",
                place=str(self.socket),
                remedy="see supervisord.log; `seawall down` and `seawall up` start it afresh",
            ) from error

    def stop(self, at: ReleasePlaces, program: Program) -> None:
        files = [self.fragments / fill(unit.name, at.id) for unit in program.files]
        try:
            for group in self._groups(at, program):
                with _tolerating(BAD_NAME, NOT_RUNNING):
                    self._call("stopProcessGroup", group)
                    self._remove(group)
        except OSError:
            pass  # supervisord itself is not running: so neither is the program
        for file in [*files, *([at.socket] if program.role == "web" else [])]:
            file.unlink(missing_ok=True)

    def retire(self, at: ReleasePlaces, program: Program) -> None:
        self.stop(at, program)

    def broken(self, at: ReleasePlaces, program: Program) -> str:
        if not self.is_up():
            return "supervisord is not running"
        groups = self._groups(at, program)
        for info in self._call("getAllProcessInfo"):
            if info["group"] in groups and info["statename"] in ("BACKOFF", "FATAL", "EXITED", "STOPPED"):
                why = info["spawnerr"] or f"exit status {info['exitstatus']}"
                return f"{info['name']} does not stay up ({info['statename'].lower()}: {why})"
        return ""

    def down(self, at: ReleasePlaces, program: Program) -> str:
        return self.broken(at, program)

    def pids(self, at: ReleasePlaces, program: Program) -> list[int]:
        groups = self._groups(at, program)
        found = self._call("getAllProcessInfo") if self.is_up() else []
        return [int(info["pid"]) for info in found if info["group"] in groups and info["pid"]]

    def log_tail(self, at: ReleasePlaces, program: Program, lines: int) -> str:
        """Read from the files themselves: colours and other control characters are nothing that XML can carry."""
        groups = self._groups(at, program)
        text = ""
        with contextlib.suppress(xmlrpc.client.Error, OSError):
            for info in self._call("getAllProcessInfo"):
                if info["group"] in groups:
                    text += _end_of(Path(info["stdout_logfile"]))
        return "\n".join(text.splitlines()[-lines:])

    def log_command(self, places: Places, names: Sequence[str], lines: int, follow: str) -> list[str]:
        live = live_id(places)
        logs = [log for log in places.logs_of(live) if live and log.suffix == ".log"]
        wanted = [log for log in logs if not names or any(f"-{name}-" in log.name for name in names)]
        return ["tail", "-q", "-n", str(lines), *([follow] if follow else []), *map(str, wanted)]

    def running(self, places: Places) -> list[str]:  # noqa: ARG002 - the folder holds one app's fragments only
        found = (re.search(r"(v\d+)\.(?:conf|ini)$", path.name) for path in self.fragments.glob("*"))
        return sorted({match.group(1) for match in found if match})

    def is_up(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def _groups(self, at: ReleasePlaces, program: Program) -> list[str]:
        return [fill(name, at.id) for name in program.units]

    def _remove(self, group: str) -> None:
        deadline = time.monotonic() + 10
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
        proxy = xmlrpc.client.ServerProxy("http://supervisor", transport=UnixTransport(self.socket))
        with proxy:
            return getattr(proxy.supervisor, method)(*arguments)


class UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._connection: tuple[Any, Any] = (None, None)

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """One connection for all calls; kept where the base class looks for it when it closes."""
        if self._connection[1] is None:
            self._connection = host, UnixConnection(self._path, "supervisor")
        connection: http.client.HTTPConnection = self._connection[1]
        return connection


def _end_of(log: Path) -> str:
    """The last lines of a log file, whole; bytes that are no text become question marks."""
    with log.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - LONGEST_TAIL)
        file.seek(start)
        data = file.read()
    return (data.partition(b"\n")[2] if start else data).decode(errors="replace")


@contextlib.contextmanager
def _tolerating(*codes: int) -> Any:
    try:
        yield
    except xmlrpc.client.Fault as fault:
        if fault.faultCode not in codes:
            raise

"""Long-running services that read seawall's files: checked before, and told after, those change."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from seawall.agent import process
from seawall.agent.errors import ApplyFailed, CheckRefused, CommandFailed, PortTaken
from seawall.agent.listening import listener
from seawall.agent.vocabulary import Change, Service

TIMEOUT = 120  #: seconds that checking, starting and reloading may take
HANDOVER = 10  #: seconds in which the workers of before a reload should accept no more
#: How programs name the place they stumbled over: nginx's "in /path:3", Apache's "line 3 of /path:".
PLACES = (
    re.compile(r" in (?P<path>/.+?):(?P<line>\d+)$", re.MULTILINE),
    re.compile(r"line (?P<line>\d+) of (?P<path>/.+?):"),
)
#: What nginx puts before its words: its name or the time, a level, process numbers.
PREFIX = re.compile(r"^(nginx: |\d{4}/\d\d/\d\d [\d:]+ )?\[\w+\] (\d+#\d+: )?")


def observe(resource: Service) -> bool:
    """Whether it runs; one that names no way to tell, or whose program is not there yet, does not."""
    if not resource.running:
        return False
    try:
        return process.run(resource.running, timeout=30).returncode == 0
    except CommandFailed:
        return False


def diff(resource: Service, runs: bool, changed: bool) -> Change | None:
    """What must happen: a start, or a reload where files of the service (``changed``) are to be read again.

    Raises PortTaken where it could not start.
    """
    if not runs and resource.start:
        _must_be_free(resource)
        return Change("service", resource.name, "start", before="stopped")
    if changed and resource.reload:
        return Change("service", resource.name, "reload", before="running" if runs else "unknown")
    return None


def _must_be_free(resource: Service) -> None:
    for port in resource.ports:
        taken = listener(port)
        # The service itself may be about to come up: systemd tries again by itself.
        if taken and not taken.startswith(f"{resource.name} ("):
            raise PortTaken(
                f"port {port} is taken by {taken}, so {resource.name} cannot start",
                state="everything is as it was",
                remedy=f"end that program, or have it listen elsewhere (`ss -ltnp 'sport = :{port}'` shows it)",
            )


def check(resource: Service, ours: Collection[str]) -> None:
    """Have the service's own program judge the files as they now are.

    ``ours`` are the paths seawall wrote. Raises CheckRefused with the program's words, the place it names and whose
    that is.
    """
    if not resource.check:
        return
    completed = process.run(resource.check, timeout=TIMEOUT)
    if completed.returncode == 0:
        return
    place, line = _place(completed.output)
    words = _first_complaint(completed.output)
    raise CheckRefused(
        f"{resource.name} refused the new configuration: {words}",
        place=f"{place}:{line}" if place else "",
        state="every file is back as it was",
        remedy=_remedy(resource, place, line, ours),
        output=process.tail(completed.output),
    )


def _place(output: str) -> tuple[str, str]:
    for pattern in PLACES:
        match = pattern.search(output)
        if match:
            return match["path"], match["line"]
    return "", ""


def _first_complaint(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    first = lines[0] if lines else "no reason given"
    return PREFIX.sub("", next((line for line in lines if "[emerg]" in line or "rror" in line), first))


def _remedy(resource: Service, place: str, line: str, ours: Collection[str]) -> str:
    if not place:
        return f"correct what {' '.join(resource.check)} says, then run it again"
    if place in ours or str(Path(place).resolve()) in {str(Path(path).resolve()) for path in ours}:
        return "the file is seawall's own: correct the settings in seawall.toml that it is made from"
    return f"{place} is not seawall's file: correct its line {line} on the host, then run it again"


def start(resource: Service) -> None:
    """Start it. Raises ApplyFailed with the program's words."""
    _must(resource, resource.start, "start")


def reload(resource: Service) -> None:
    """Have it read its files again, and wait until it answers by them alone. Raises ApplyFailed with the program's
    words."""
    if resource.reload:
        before = _workers(resource)
        _must(resource, resource.reload, "reload its files")
        _await_handover(before)


def _workers(resource: Service) -> dict[str, bytes]:
    """The children of the service's main process, each with its command line (proc(5))."""
    try:
        main = Path(resource.pid_file).read_text().strip() if resource.pid_file else ""
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split() if main else []
    except OSError:
        return {}
    return {pid: _command_line(pid) for pid in children}


def _await_handover(before: Mapping[str, bytes]) -> None:
    """nginx's `reload` returns at once, while workers with the old files go on accepting for some milliseconds. One
    that accepts no more has ended, or says in its title that it is shutting down."""
    deadline = time.monotonic() + HANDOVER
    while any(line and _command_line(pid) == line for pid, line in before.items()) and time.monotonic() < deadline:
        time.sleep(0.005)


def _command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _must(resource: Service, command: tuple[str, ...], what: str) -> None:
    try:
        process.check(command, timeout=TIMEOUT)
    except CommandFailed as error:
        raise ApplyFailed(
            f"{resource.name} could not {what}: {error.fact}", place=resource.name, output=error.output
        ) from error

"""Long-running services that read seawall's files: checked before, and told after, those change."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from seawall.agent import process
from seawall.agent.errors import ApplyFailed, CheckRefused, CommandFailed, PortTaken
from seawall.agent.listening import is_taken, listener, listens
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
    """What must happen: a start, an end of what is not wanted, or a reload where files of the service (``changed``) are
    to be read again.

    Raises PortTaken where it could not start.
    """
    if not resource.wanted:
        return Change("service", resource.name, "stop", before="running") if runs else None
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
        expected = tuple(f"{name} (" for name in (resource.name, resource.takes_over) if name)
        if taken and not taken.startswith(expected):
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
    """Have it read its files again, and wait until it answers by them alone; or end, or take another's place, where
    that is what it is to do. Raises ApplyFailed with the program's words."""
    if not resource.wanted:
        _end(resource)
    elif resource.takes_over:
        start(resource)
    elif resource.reload:
        before = _workers(resource)
        _must(resource, resource.reload, "reload its files")
        _await_handover(before)
        _must_run(resource)


def put_back(resource: Service) -> None:
    """The opposite of :func:`reload`, once its files are as they were, however far that came. Raises ApplyFailed."""
    if not resource.wanted:
        if not observe(resource):
            start(resource)
    elif resource.takes_over:
        # Also one that does not run: systemd may be about to try again.
        _must(resource, resource.stop, "stop")
        _await(lambda: not any(listener(port).startswith(f"{resource.name} (") for port in resource.ports), resource)
    elif resource.running and resource.start and not observe(resource):
        start(resource)
    else:
        reload(resource)


def _end(resource: Service) -> None:
    """Have it stop, and wait until its ports are free: what it has under way it may finish meanwhile."""
    _must(resource, resource.stop, "stop")
    _await(lambda: not any(is_taken(port) for port in resource.ports), resource)


def _await(free: Callable[[], bool], resource: Service) -> None:
    deadline = time.monotonic() + HANDOVER
    while not free():
        if time.monotonic() > deadline:
            raise ApplyFailed(f"{resource.name} does not give up its ports", place=resource.name)
        time.sleep(0.002)


def _must_run(resource: Service) -> None:
    """Some mistakes are found only by what has read the files already, and end it: Apache checks no key beforehand."""
    if resource.running and not observe(resource):
        raise ApplyFailed(
            f"{resource.name} has ended over its new configuration",
            place=resource.name,
            remedy=f"`journalctl -u {resource.name}` on the host, and its error log, say why",
        )


def _workers(resource: Service) -> list[Path]:
    """The children of the service's main process (proc(5))."""
    try:
        main = Path(resource.pid_file).read_text().strip() if resource.pid_file else ""
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split() if main else []
    except OSError:
        return []
    return [Path("/proc", pid) for pid in children]


def _await_handover(before: Sequence[Path]) -> None:
    """A reload returns at once, while workers with the old files go on accepting for some milliseconds. One that
    accepts no more has ended, or has closed what it listened on."""
    deadline = time.monotonic() + HANDOVER
    while any(listens(process) for process in before) and time.monotonic() < deadline:
        time.sleep(0.005)


def _must(resource: Service, command: tuple[str, ...], what: str) -> None:
    try:
        process.check(command, timeout=TIMEOUT)
    except CommandFailed as error:
        raise ApplyFailed(
            f"{resource.name} could not {what}: {error.fact}", place=resource.name, output=error.output
        ) from error

"""What a person asks of a host: what would change in a release, what is there, how it is, what it logged."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from seawall.agent import lock, releases
from seawall.agent.data.places import DataPlaces
from seawall.agent.edits import is_edited
from seawall.agent.endpoint import endpoint
from seawall.agent.gate import healthy_now
from seawall.agent.journal import Journal
from seawall.agent.managers import Manager
from seawall.agent.masking import masker
from seawall.agent.places import Places
from seawall.agent.vocabulary import Entry, Release, UnitFile, to_wire


def release_changes(places: Places, wanted: Release) -> dict[str, Any]:
    """How a wanted release differs from the live one, for the plan: by name where values are secret."""
    live = releases.live_id(places)
    now = releases.load(places, live) if live else None
    before = now.release if now else None
    edited = now is not None and is_edited(places, now)
    return {
        "live": live,
        "new": now is None or edited or now.fingerprint != releases.fingerprint(wanted),
        "files": _entry_changes(before.entries if before else (), wanted.entries),
        "env": _named_changes(before.env if before else {}, wanted.env),
        "requirements": before is None or before.requirements != wanted.requirements,
        "settings": _text_changes(_texts(before), _texts(wanted)),
        "other": [*_other_changes(before, wanted), *(["edited"] if edited else [])],
    }


def release_list(places: Places) -> list[dict[str, Any]]:
    """The releases on the host, newest first; one that is only half laid out is none yet."""
    live = releases.live_id(places)
    listed = []
    for release_id in reversed(releases.ids(places)):
        if not places.release(release_id).record.exists():
            continue
        made = releases.load(places, release_id)
        listed.append(
            {
                "id": release_id,
                "live": release_id == live,
                "made": made.made,
                "files": len(made.release.entries),
                **to_wire(made.release.source),
            }
        )
    return listed


def status(places: Places, manager: Manager) -> dict[str, Any]:
    """How the app is on this host now."""
    live = releases.live_id(places)
    base = places.base if places.base.exists() else places.base.parent
    disk = os.statvfs(base) if base.exists() else None
    return {
        "live": live,
        "running": manager.running(places),
        "programs": _programs(places, manager, live) if live else [],
        "health": _health(places, live) if live else "",
        "maintenance": places.maintenance.exists(),
        "interrupted": interrupted(places),
        "busy": lock.holder(places.lock),
        "disk_free": disk.f_bavail * disk.f_frsize if disk else 0,
        "disk_total": disk.f_blocks * disk.f_frsize if disk else 0,
    }


def interrupted(places: Places) -> str:
    """The deployment or the restore that was cut off and not yet taken care of; "" if there is none, or one is under
    way."""
    if DataPlaces(places.base).exchange.exists():
        from seawall.agent.data import cut_off as restores  # late: it is seldom needed

        said = restores.told(places)
        if said:
            return said
    cut_off = Journal(places.journal).interrupted()
    return cut_off.describe() if cut_off and not lock.holder(places.lock) else ""


def logs(
    places: Places,
    manager: Manager,
    *,
    names: Sequence[str],
    lines: int,
    follow: bool,
    hear: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> None:
    """Print the app's log lines, secrets masked; with ``follow`` until the tool goes away."""
    commands = manager.log_commands(places, names, lines, "-f" if follow else "")
    live = releases.live_id(places)
    mask = masker(releases.load(places, live).release) if live else str
    for together in [commands] if follow else [[command] for command in commands]:
        for line in _lines(together, cancelled):
            hear(mask(line))


def _programs(places: Places, manager: Manager, live: str) -> list[dict[str, str]]:
    at = places.release(live)
    programs = releases.load(places, live).release.programs
    return [{"name": p.name, "role": p.role, "broken": manager.down(at, p)} for p in programs]


def _health(places: Places, live: str) -> str:
    release = releases.load(places, live).release
    return healthy_now(endpoint(places.release(live), release.listen), release.gate)


def _entry_changes(before: Sequence[Entry], after: Sequence[Entry]) -> dict[str, list[str]]:
    old, new = {e.path: e for e in before}, {e.path: e for e in after}
    return {
        "added": sorted(new.keys() - old.keys()),
        "changed": sorted(path for path in new.keys() & old.keys() if new[path] != old[path]),
        "removed": sorted(old.keys() - new.keys()),
    }


def _named_changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    return {
        "added": sorted(after.keys() - before.keys()),
        "changed": sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
        "removed": sorted(before.keys() - after.keys()),
    }


def _texts(release: Release | None) -> dict[str, str]:
    if release is None:
        return {}
    units: list[UnitFile] = [unit for program in release.programs for unit in program.files]
    return {unit.name: unit.content for unit in [*release.files, *units]}


def _text_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[dict[str, str]]:
    """Old and new text of each generated file that differs; the tool shows them as diffs."""
    names = sorted(before.keys() | after.keys())
    return [
        {"name": name, "before": before.get(name, ""), "after": after.get(name, "")}
        for name in names
        if before.get(name) != after.get(name)
    ]


def _other_changes(before: Release | None, after: Release) -> list[str]:
    if before is None:
        return []
    fields = (
        "static",
        "persist",
        "gate",
        "front",
        "listen",
        "setup",
        "migrate",
        "snapshot",
        "drain",
        "keep",
        "external",
    )
    return [name for name in fields if getattr(before, name) != getattr(after, name)]


def _lines(commands: Sequence[Sequence[str]], cancelled: Callable[[], bool]) -> Iterator[str]:
    """What some programs print, line by line as it comes, until all have ended or the tool has gone away."""
    heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    with ExitStack() as running:
        for command in commands:
            process = running.enter_context(_begun(command))
            running.enter_context(_stopped_when(cancelled, process))
            threading.Thread(target=_listen, args=(process, heard), daemon=True).start()
        for _ in commands:  # each says None at its end, whichever it is
            yield from iter(heard.get, None)


def _begun(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
    )


def _listen(process: subprocess.Popen[str], heard: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        heard.put(line.rstrip("\n"))
    heard.put(None)


@contextmanager
def _stopped_when(cancelled: Callable[[], bool], process: subprocess.Popen[str]) -> Iterator[None]:
    """End a process when the tool goes away, so that following a log does not outlive its reader."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if cancelled():
                process.terminate()
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()

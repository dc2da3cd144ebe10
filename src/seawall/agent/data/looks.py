"""What the watch looks at on a host: each look is a function that finds troubles, or none."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from seawall.agent.certificates import reading
from seawall.agent.certificates.reading import Reading, date
from seawall.agent.certificates.served import served
from seawall.agent.data.restarts import Unit
from seawall.agent.data.summary import Reason
from seawall.agent.data.troubles import Trouble
from seawall.agent.files import mount_point
from seawall.agent.gate import FRONT_TIMEOUT, POLITE
from seawall.agent.vocabulary import FrontDoor

#: Where what the app and the host's own programs write lies, besides the app's folder.
EVERYWHERE = ("/", "/var", "/var/log", "/var/lib", "/tmp", "/boot")  # noqa: S108 - looked at, not written to
#: Seconds between two tries of the front door.
BETWEEN = 3.0


def disks(paths: Iterable[str], percent: int) -> Iterator[Trouble]:
    """File systems of which more than ``percent`` of what their users may take is taken, in space or in inodes
    (statvfs(3))."""
    for mount in _mounts(paths):
        has = os.statvfs(mount)
        used = _percent(has.f_blocks - has.f_bfree, has.f_bavail)
        if used > percent:
            room = f"{_size(has.f_bavail * has.f_frsize)} of {_size(has.f_blocks * has.f_frsize)} free"
            yield Trouble(
                f"disk:{mount}",
                f"the file system {mount} is {used} % full: {room}",
                f"make room: `du -xh --max-depth=2 {mount} | sort -h | tail` shows what takes it",
            )
        used = _percent(has.f_files - has.f_ffree, has.f_favail)
        if used > percent:
            yield Trouble(
                f"inodes:{mount}",
                f"the file system {mount} has used {used} % of its inodes: {has.f_favail} files more fit",
                f"remove small files: `du --inodes -x --max-depth=2 {mount} | sort -n | tail` shows where they are",
            )


def programs(units: Iterable[Unit]) -> Iterator[Trouble]:
    """Programs of the live release that do not run, each told once."""
    broken: dict[str, str] = {}
    for unit in units:
        if unit.broken:
            broken.setdefault(unit.program, unit.broken)
    for name, why in sorted(broken.items()):
        yield Trouble(f"program:{name}", f"{name} does not run: {why}", _OF_PROGRAMS.format(name=name))


def servers(units: Iterable[Unit], restarts: Mapping[str, int], limit: int) -> Iterator[Trouble]:
    """Servers of the app's data that do not run, or were started again too often within the last hour."""
    for unit in units:
        name, slug = unit.program, unit.program.lower()
        remedy = f"`systemctl status {unit.name}` and `journalctl -u {unit.name}` on the host say why"
        if unit.broken:
            yield Trouble(f"server:{slug}", f"{name} does not run: {unit.broken}", remedy)
        if restarts.get(name, 0) >= limit:
            yield Trouble(f"crash-loop:{slug}", _started_again(name, restarts[name]), remedy)


def crash_loops(restarts: Mapping[str, int], limit: int) -> Iterator[Trouble]:
    """Programs that were started again too often within the last hour."""
    for name, number in sorted(restarts.items()):
        if number >= limit:
            yield Trouble(f"crash-loop:{name}", _started_again(name, number), _OF_PROGRAMS.format(name=name))


def _started_again(name: str, number: int) -> str:
    return f"{name} ended and was started again {'once' if number == 1 else f'{number} times'} within an hour"


_OF_PROGRAMS = "`seawall logs {name}` shows its last words; `seawall rollback` brings the release before back"


def front_door(front: FrontDoor, tries: int) -> Iterator[Trouble]:
    """The health path, asked through the front server as visitors do; it fails when all ``tries`` do."""
    from seawall.agent.asking import at_front_door

    for number in range(tries):
        time.sleep(BETWEEN if number else 0)
        answer = at_front_door(front, FRONT_TIMEOUT, POLITE)
        if answer.healthy:
            return
    # Not where a redirect leads to, nor the app's own words: either may hold what is nobody else's business.
    said = f"answered {answer.status}" if answer.status else answer.reason
    yield Trouble(
        "front-door",
        f"visitors are not served: {front.path} through {front.kind} {said}",
        "`seawall status` and `seawall logs` say more; `seawall rollback` brings the release before back",
    )


def certificate(path: str, front: FrontDoor, days: int, now: float) -> Iterator[Trouble]:
    """The certificate that visitors are shown: its end, and whether it is the one on disk (``path``, "" to not ask)."""
    try:
        shown = served(front.host, (front.address, front.port))
    except (OSError, ValueError):
        return  # nobody is served at all then, which is told
    yield from _ending(shown, days, now)
    there = _on_disk(path, shown) if path else shown
    if there is None:
        yield Trouble(
            "certificate:file",
            f"the certificate in {path} cannot be read; the next start of {front.kind} would fail",
            "`seawall cert status` says what is there; `seawall deploy` or `seawall cert renew` puts one there",
        )
    elif there.fingerprint != shown.fingerprint:
        yield Trouble(
            "certificate:other",
            f"visitors are shown another certificate (until {date(shown.ends)}) than the one on disk "
            f"(until {date(there.ends)})",
            f"`seawall cert renew`, or reload {front.kind}: its error log says why it did not take the new one",
        )


def _ending(shown: Reading, days: int, now: float) -> Iterator[Trouble]:
    left = shown.ends - now
    if left >= min(days * 86400, shown.lifetime / 6):
        return
    word = "expired" if left < 0 else "ends"
    yield Trouble(
        "certificate:ends",
        f"the certificate that visitors are shown {word} on {date(shown.ends)}, and nobody has renewed it",
        "`seawall cert renew` renews it, or says why it could not be",
    )


def _on_disk(path: str, unknown: Reading) -> Reading | None:
    """None where there is none; ``unknown`` where the watch, which may not do all that root may, is not let near it."""
    try:
        return reading.read_pem(Path(path).read_bytes())[0]
    except PermissionError:
        return unknown
    except (OSError, ValueError, IndexError):
        return None


def backups(app: str, wrong: Iterable[Reason]) -> Iterator[Trouble]:
    """What the record says is wrong with the app's backups."""
    for reason in wrong:
        yield Trouble(f"data:{reason.kind}", reason.text, _OF_BACKUPS[reason.kind].format(app=app))


_AGAIN = "`seawall backup now` makes one, or says why it cannot be made"
_PROVE = "`seawall drill` proves one, or says why it cannot: until then do not rely on them"
_TIMER = "`systemctl status {unit}.timer` and `journalctl -u {unit}` on the host say why"
#: What to do, by the kind of the reason.
_OF_BACKUPS = {
    "backup-failed": _AGAIN,
    "backup-missing": _AGAIN,
    "backup-stale": _TIMER.format(unit="seawall-backup-{app}"),
    "backup-empty": "see that the app's data is where [database] and app.persist say it is",
    "clock": "`timedatectl` on the host shows whether its clock is set; then `seawall backup now`",
    "retention": "`seawall backup now` removes them too, or says why it cannot",
    "archive-failed": _AGAIN,
    "archive-late": "see the log of PostgreSQL on the host: it says why its changes do not come to the archive",
    "archive-unproven": _PROVE,
    "drill-failed": _PROVE,
    "never-proven": _PROVE,
    "drill-stale": _TIMER.format(unit="seawall-drill-{app}"),
}


def _mounts(paths: Iterable[str]) -> list[str]:
    """Where the file systems of these paths are mounted. A sandbox mounts parts of one again: those are left out."""
    mounts = {mount_point(path) for path in paths if os.path.exists(path)}
    by_device: dict[int, str] = {}
    for mount in sorted(mounts, key=lambda mount: (len(mount), mount)):
        by_device.setdefault(Path(mount).stat().st_dev, mount)
    return sorted(by_device.values())


def _percent(used: int, free: int) -> int:
    """As df(1) counts it: of what there is for users, rounded up."""
    return -(-100 * used // (used + free)) if used + free else 0


def _size(number: int) -> str:
    """Bytes in decimal units (IEC 80000-13)."""
    amount, unit = float(number), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 999.5 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if amount >= 9.95 or unit == "B" else f"{amount:.1f} {unit}"

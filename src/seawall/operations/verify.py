"""Verify: whether what lies and runs on every host is what was sent. Nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from seawall.config.model import LOCAL, PRODUCTION
from seawall.operations.hosts import Host

#: Areas that the next plan looks at too, so that a deployment makes a new release of what the project has.
SENT = {"code", "static files", "contents", "settings", "variables"}
#: What lies there beside what was sent: a release that is laid out anew does not have it.
MORE = "was not sent"


@dataclass(frozen=True)
class Difference:
    """A path, process or package that is not as it was sent, and how."""

    path: str
    what: str


@dataclass(frozen=True)
class Area:
    """One kind of thing that was looked at; ``note`` says what could not be told."""

    name: str
    checked: int
    differences: tuple[Difference, ...]
    note: str


@dataclass(frozen=True)
class Verified:
    """One host. ``releases`` are those that were looked at, newest first, with their areas; ``areas`` what they
    share."""

    host: str
    live: str
    areas: tuple[Area, ...]
    releases: tuple[tuple[str, tuple[Area, ...]], ...]

    @property
    def well(self) -> bool:
        """There is a release, and nothing differs."""
        return bool(self.live) and not any(area.differences for area in self.all_areas)

    @property
    def all_areas(self) -> tuple[Area, ...]:
        return (*self.areas, *(area for _, areas in self.releases for area in areas))


def verify(hosts: Sequence[Host], *, every: bool) -> list[Verified]:
    """Have each host read its live release again, or ``every`` one, at the same time. Raises HostError."""
    with ThreadPoolExecutor(len(hosts)) as pool:
        answers = list(pool.map(lambda host: host.session.request("verify", all=every), hosts))
    return [_verified(host.name, answer) for host, answer in zip(hosts, answers, strict=True)]


def remedies(found: Verified, environment: str) -> list[str]:
    """What to do about the differences of one host."""
    option = "" if environment == PRODUCTION else f" -e {environment}"
    deploy = "seawall up" if environment == LOCAL else f"seawall deploy{option}"
    differing = {area.name: area for area in found.all_areas if area.differences}
    of_live = [area for name, areas in found.releases if name == found.live for area in areas]
    live = {area.name for area in of_live if area.differences}
    edited = {area.name for area in (*of_live, *found.areas) if any(one.what != MORE for one in area.differences)}
    todo = []
    if edited & SENT:
        todo.append(f"`{deploy}` makes a release of what the project has, and sends what was edited again")
    elif live - {"packages", "record"}:
        todo.append(f"`seawall restart{option}` lays the live release out anew, and starts it")
    if "record" in live:
        todo.append(
            "deploy any change: the live release's record was edited, and a new release has a record of its own"
        )
    if "packages" in differing:
        venvs = sorted({_environment(one.path) for one in differing["packages"].differences} - {""})
        todo += [
            f"rm {venv}/seawall-complete; `seawall restart{option}` then builds the packages anew" for venv in venvs
        ]
    if not todo and differing:
        todo.append("only older releases differ: do not roll back to them")
    return todo


def _environment(path: str) -> str:
    """The virtual environment that a path lies in, or ""."""
    before, found, behind = path.partition("/venvs/")
    return f"{before}{found}{behind.partition('/')[0]}" if found else ""


def _verified(host: str, answer: dict[str, Any]) -> Verified:
    releases = tuple((release["id"], _areas(release["areas"])) for release in answer["releases"])
    return Verified(host, str(answer["live"]), _areas(answer["areas"]), releases)


def _areas(areas: Sequence[dict[str, Any]]) -> tuple[Area, ...]:
    return tuple(
        Area(area["name"], area["checked"], tuple(Difference(**one) for one in area["differences"]), area["note"])
        for area in areas
    )

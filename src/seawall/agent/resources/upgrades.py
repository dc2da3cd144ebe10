"""Pending upgrades of the host's packages, and how old apt's knowledge of them is."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import process
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.host_vocabulary import Upgrades
from seawall.agent.resources import package, texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

#: What apt would upgrade: "Inst openssl [3.0.15-1] (3.0.17-1 Debian:12.11/stable [amd64])".
PENDING = re.compile(r"^Inst (\S+) \[", re.MULTILINE)
DAY = 86400  #: seconds


@dataclass(frozen=True)
class UpgradesFound:
    """``age`` of the package lists in days, -1 if there are none; the names of packages to upgrade."""

    age: int
    pending: tuple[str, ...]


def observe(_resource: Upgrades) -> UpgradesFound:
    """What apt knows, without asking the mirrors. Raises ApplyFailed where there is no apt."""
    try:
        completed = process.run(["apt-get", "--simulate", "--with-new-pkgs", "upgrade"], timeout=120, env=package.ENV)
    except CommandFailed as error:
        raise ApplyFailed("This host has no apt-get", remedy="use a Debian or Ubuntu host") from error
    return UpgradesFound(_age(), tuple(sorted(set(PENDING.findall(completed.stdout)))))


def _age() -> int:
    """apt makes ``partial`` anew, and fills the lists, each time it reads its sources."""
    lists = Path(package.LISTS)
    if not any(lists.glob("*_Packages*")):
        return -1
    newest = max(place.stat().st_mtime for place in (lists, lists / "partial") if place.exists())
    return max(0, int((time.time() - newest) / DAY))


def diff(resource: Upgrades, found: UpgradesFound) -> Change | None:
    """What must change, or None."""
    old = found.age < 0 or found.age > resource.days
    if not old and not found.pending:
        return None
    age = "there are none" if found.age < 0 else f"they are {found.age} days old"
    lines = [f"the package lists are read again ({age})"] if old else []
    lines += [f"{len(found.pending)} known so far: {', '.join(found.pending)}"] if found.pending else []
    return Change("upgrades", "packages", "update", "\n".join(lines), texts.digest(old, *found.pending))


def apply(resource: Upgrades, found: UpgradesFound, work: Work) -> None:
    """Read the sources again where that is due, and upgrade; configuration files an administrator changed stay.

    Raises ApplyFailed with apt's own words.
    """
    if found.age < 0 or found.age > resource.days:
        package.update(work)
    try:
        process.check(
            ["apt-get", "upgrade", "-y", "--with-new-pkgs", *package.OPTIONS],
            timeout=3600,
            env=package.ENV,
            on_line=work.on_line,
            cancelled=work.cancelled,
        )
    except CommandFailed as error:
        raise ApplyFailed(
            "apt-get could not upgrade the packages",
            remedy="run 'apt-get upgrade' on the host and correct what it says",
            output=error.output,
        ) from error

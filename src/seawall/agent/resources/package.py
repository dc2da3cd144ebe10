"""Distribution packages, with apt. All are observed with one command and installed with one command."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from seawall.agent import process
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, Package

#: Where apt keeps what it knows of its sources (apt-get(8), FILES).
LISTS = "/var/lib/apt/lists"
OPTIONS = (
    *("-o", "DPkg::Lock::Timeout=120"),  # wait for another apt or dpkg to finish, seconds
    *("-o", "Dpkg::Options::=--force-confdef"),  # never ask about a configuration file:
    *("-o", "Dpkg::Options::=--force-confold"),  # keep the one that is there
)
ENV = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l", "APT_LISTCHANGES_FRONTEND": "none"}
#: What apt says when its lists are older than the mirrors.
STALE = re.compile(r"\b404\b|Unable to locate package|has no installation candidate|Failed to fetch")


def observe(packages: Sequence[Package]) -> frozenset[str]:
    """The names of those that are installed, held ones included. Raises ApplyFailed where there is no dpkg."""
    if not packages:
        return frozenset()
    form = r"${Package}\t${db:Status-Status}\n"
    try:
        completed = process.run(["dpkg-query", "-W", "-f", form, *(p.name for p in packages)], timeout=60)
    except CommandFailed as error:
        raise ApplyFailed(
            "This host has no dpkg: seawall installs packages on Debian and Ubuntu",
            remedy="use a Debian or Ubuntu host",
        ) from error
    rows = (line.split("\t") for line in completed.stdout.splitlines())
    return frozenset(row[0] for row in rows if row[1:] == ["installed"])


def diff(resource: Package, installed: frozenset[str]) -> Change | None:
    """What must change, or None."""
    if resource.name in installed:
        return None
    return Change("package", resource.name, "install", before="absent")


def apply(names: Sequence[str], work: Work) -> None:
    """Install packages together, reading apt's sources first only where that is needed.

    Raises ApplyFailed with apt's own words.
    """
    fresh = not any(Path(LISTS).glob("*_Packages*"))
    if fresh:
        update(work)
    try:
        _install(names, work)
    except CommandFailed as error:
        if fresh or not STALE.search(error.output):
            raise _refusal(names, error) from error
        update(work)
        try:
            _install(names, work)
        except CommandFailed as second:
            raise _refusal(names, second) from second


def _install(names: Sequence[str], work: Work) -> None:
    command = ["apt-get", "install", "-y", "--no-install-recommends", *OPTIONS, "--", *names]
    process.check(command, timeout=1800, env=ENV, on_line=work.on_line, cancelled=work.cancelled)
    # dpkg may be told not to wait for the disk (dpkg(1), force-unsafe-io): a power cut would leave empty files, and a
    # server whose front server has just changed would come up without one.
    os.sync()


def update(work: Work) -> None:
    """Read apt's sources again. Raises ApplyFailed with apt's own words."""
    try:
        process.check(
            ["apt-get", "update", *OPTIONS], timeout=600, env=ENV, on_line=work.on_line, cancelled=work.cancelled
        )
    except CommandFailed as error:
        raise ApplyFailed(
            "apt-get could not read its package sources",
            place="/etc/apt/sources.list",
            remedy="run 'apt-get update' on the host and correct what it says",
            output=error.output,
        ) from error


def _refusal(names: Sequence[str], error: CommandFailed) -> ApplyFailed:
    return ApplyFailed(
        f"apt-get could not install {', '.join(names)}",
        remedy="run 'apt-get install' on the host and correct what it says",
        output=error.output,
    )

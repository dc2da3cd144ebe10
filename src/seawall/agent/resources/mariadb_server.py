"""MariaDB's server as Debian runs it: up, on at boot, and with the settings that seawall's file says.

What the server can change while it runs is changed so, without a restart. What it cannot means one, which ends what the
apps are doing with their databases: the plan says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seawall.agent import process
from seawall.agent.data.engines.mariadb_client import Client, literal
from seawall.agent.data.wanted import MariadbServer
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.resources import texts
from seawall.agent.resources.data_server import systemctl
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

TIMEOUT = 900  #: seconds that a start may take: it repairs what a crash left (Debian's unit, TimeoutStartSec)
UNIT = "mariadb.service"
#: Settings that only a start changes (MariaDB's documentation, Server System Variables, "Dynamic: No").
AT_START = frozenset({"skip_networking"})


@dataclass(frozen=True)
class ServerFound:
    """``settings`` are the running server's, by name; empty where it does not run."""

    runs: bool = False
    enabled: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


def observe(resource: MariadbServer) -> ServerFound:
    """How it is. Raises ApplyFailed where it runs and does not answer."""
    enabled = process.run(["systemctl", "is-enabled", "--quiet", UNIT], timeout=30).returncode == 0
    if not Path(resource.socket).is_socket():
        return ServerFound(enabled=enabled)
    try:
        return ServerFound(True, enabled, _settings(resource))
    except CommandFailed as error:
        raise ApplyFailed(
            f"MariaDB runs and does not let root in: {error.fact}",
            place=resource.socket,
            state="nothing has been changed",
            remedy="`sudo mariadb` on the host must work without a password, as Debian sets it up",
        ) from error


def _settings(resource: MariadbServer) -> dict[str, str]:
    names = ", ".join(literal(name) for name in sorted(resource.wanted))
    with Client(resource.socket) as client:
        rows = client.ask(f"SHOW GLOBAL VARIABLES WHERE variable_name IN ({names})")
    return {name.lower(): value for name, value in rows}


def _differing(resource: MariadbServer, found: ServerFound) -> dict[str, str]:
    """The settings that are not as wanted, as they are."""
    return {name: now for name, now in found.settings.items() if now != resource.wanted[name]}


def diff(resource: MariadbServer, found: ServerFound) -> Change | None:
    """What must happen, or None."""
    differing = _differing(resource, found)
    if found.runs and found.enabled and not differing:
        return None
    lines = [] if found.enabled else ["starts at boot"]
    lines += [f"{name} {now} → {resource.wanted[name]}" for name, now in sorted(differing.items())]
    action = "start"
    if found.runs:
        restarts = bool(AT_START & differing.keys())
        lines += ["it is restarted: what the apps of this host are asking it fails meanwhile"] if restarts else []
        action = "restart" if restarts else "update"
    before = texts.digest(found.runs, found.enabled, sorted(found.settings.items()))
    return Change("mariadb", "mariadb", action, "\n".join(lines), before)


def apply(resource: MariadbServer, found: ServerFound, _work: Work) -> None:
    """Have it run as it should. Raises ApplyFailed."""
    systemctl("MariaDB", TIMEOUT, "daemon-reload")  # what is said of the unit holds from here on
    if not found.enabled:
        systemctl("MariaDB", TIMEOUT, "enable", "--quiet", UNIT)
    if not found.runs:
        systemctl("MariaDB", TIMEOUT, "start", UNIT)
        found = observe(resource)
    differing = _differing(resource, found)
    if AT_START & differing.keys():
        systemctl("MariaDB", TIMEOUT, "restart", UNIT)
    elif differing:
        _set(resource, differing)
    left = _differing(resource, observe(resource))
    if left:
        name, now = min(left.items())
        raise ApplyFailed(
            f"MariaDB has {name} = {now}, and should have {resource.wanted[name]}",
            place=resource.file,
            remedy="another file in /etc/mysql sets it after this one: take it out there, or rename that file",
        )


def _set(resource: MariadbServer, differing: Mapping[str, str]) -> None:
    """While it runs; its next start has them from the file."""
    statements = [f"SET GLOBAL {name} = {resource.wanted[name]}" for name in sorted(differing)]
    try:
        with Client(resource.socket) as client:
            client.ask(*statements)
    except CommandFailed as error:
        raise ApplyFailed(f"MariaDB did not take its settings: {error.fact}", place=resource.file) from error

"""What the database servers of a host have in common: how their units are told, and whose a name is."""

from __future__ import annotations

from seawall.agent import process
from seawall.agent.errors import ApplyFailed, CommandFailed


def systemctl(server: str, timeout: float, *words: str) -> None:
    """Tell systemd something of a server's unit, and wait so many seconds at most. Raises ApplyFailed."""
    try:
        process.check(["systemctl", *words], timeout=timeout)
    except CommandFailed as error:
        raise ApplyFailed(
            f"{server} could not be told to {words[0]}",
            place=words[-1],
            remedy=f"`journalctl -u {words[-1]}` and the server's log in /var/log on the host say why",
            output=error.output,
        ) from error


def taken(fact: str) -> ApplyFailed:
    """The error for a name that is somebody else's on the server already."""
    return ApplyFailed(
        fact,
        place="[database] name",
        state="nothing has been changed",
        remedy="give the app's database another name: [database] name",
    )

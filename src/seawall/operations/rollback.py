"""Rollback and restart: bring up a release that the hosts already have, through the same gate and switch."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from seawall.errors import UsageError
from seawall.operations.events import Happening
from seawall.operations.hosts import Host
from seawall.operations.switching import bring_up

if TYPE_CHECKING:
    from seawall.operations.front_back import FrontBack


def rollback(hosts: Sequence[Host], to: str = "", fronts: Sequence[FrontBack] = ()) -> Generator[Happening, None, str]:
    """Make ``to``, or the release before the live one, live again. Returns its id.

    Code, environment and server settings come back together, and where it is among ``fronts`` the front server that the
    release was made for; the database stays as it is. Raises UsageError if there
    is nothing to go back to, HostError if it does not pass its gate (the live release then stays live).
    """
    wanted = to or previous(hosts)
    must_be_there(hosts, wanted)
    if all(host.live == wanted and host.running for host in hosts):
        raise UsageError(f"{wanted} is live already", remedy="`seawall releases` lists the others")
    yield from bring_up(hosts, "rollback", wanted, fingerprints={back.host.name: back.fingerprint for back in fronts})
    return wanted


def must_be_there(hosts: Sequence[Host], release: str) -> None:
    """Raise UsageError for a release that a host does not keep."""
    for host in hosts:
        if release not in host.app["releases"]:
            kept = ", ".join(host.app["releases"]) or "none"
            raise UsageError(f"{host.name} has no release {release}", remedy=f"it keeps: {kept}")


def previous(hosts: Sequence[Host]) -> str:
    """What was live on the first host before the live release was deployed. Raises UsageError if there is none."""
    lead = hosts[0]
    if not lead.live:
        raise UsageError("nothing is deployed there yet", remedy="`seawall deploy` makes the first release")
    if not lead.app["previous"]:
        raise UsageError(
            f"there is no release before {lead.live}", remedy="`seawall rollback --to ID` takes any kept release"
        )
    return str(lead.app["previous"])


def restart(hosts: Sequence[Host]) -> Generator[Happening, None, str]:
    """Start the live release anew without losing a request: as a new release with the same content. Returns its id."""
    live = hosts[0].live
    if not live:
        raise UsageError("nothing is deployed there yet", remedy="`seawall deploy` makes the first release")
    fresh = next_id(hosts)
    yield from bring_up(hosts, "restart", fresh, like=live)
    return fresh


def next_id(hosts: Sequence[Host]) -> str:
    """What the next release of these hosts will be called."""
    return max((str(host.app["next"]) for host in hosts), key=lambda name: int(name[1:]))

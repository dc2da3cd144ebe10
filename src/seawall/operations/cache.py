"""The pages that front servers keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seawall.operations.hosts import Host, person


@dataclass(frozen=True)
class Purged:
    """How many pages a host had kept."""

    host: str
    pages: int


def purge(hosts: Sequence[Host]) -> list[Purged]:
    """Have the front server ask the app anew for every page; static files are not concerned."""
    return [Purged(host.name, int(host.session.request("purge", by=person())["pages"])) for host in hosts]

"""Bringing up a release that the hosts have, for `rollback` and `restart`."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seawall.cli.following import follow
from seawall.cli.render.lines import Line, seconds

if TYPE_CHECKING:
    from seawall.operations.events import Happening
    from seawall.operations.hosts import Host


@dataclass(frozen=True)
class BroughtUp:
    """The live release, what was live before on each host, and the seconds it took."""

    live: str
    before: dict[str, str]
    seconds: float

    def lines(self) -> list[Line]:
        was = ", ".join(sorted(set(self.before.values()) - {""}))
        return [Line(f"{self.live} is live{f', {was} was before' if was else ''} ({seconds(self.seconds)})", "good")]

    def data(self) -> dict[str, Any]:
        return {"live": self.live, "before": self.before, "seconds": round(self.seconds, 3)}


def bring_up(work: Generator[Happening, None, str], release: str, hosts: Sequence[Host]) -> BroughtUp:
    """Do it and tell of it."""
    before = {host.name: host.live for host in hosts}
    begun = time.monotonic()
    live = follow(work, release, hosts)
    return BroughtUp(live, before, time.monotonic() - begun)

"""Doing an operation while telling what happens."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, TypeVar

from seawall.cli import console
from seawall.cli.render import progress

if TYPE_CHECKING:
    from seawall.operations.events import Happening

T = TypeVar("T")


def follow(work: Generator[Happening, None, T], release: str, hosts: Sequence[object]) -> T:
    """Do ``work`` about ``release`` on ``hosts`` and tell of it: drawn on a terminal, in plain lines elsewhere."""
    narrator = progress.Narrator(release, several=len(hosts) > 1)
    bars = progress.live_bars() if console.is_live() else None
    with progress.drawn(bars):
        return progress.follow(work, progress.teller(narrator, console.say, bars=bars))

"""How often programs were started again, counted from one look to the next: pure.

systemd counts its restarts (NRestarts, org.freedesktop.systemd1(5)); supervisor only says since when a program runs, so
there at most one restart is seen at each look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: Seconds that a restart counts for: an hour.
WINDOW = 3600


@dataclass(frozen=True)
class Unit:
    """A unit or process as it is now: ``counted`` its restarts so far, -1 where nobody counts; ``begun`` changes with
    each start; ``broken`` says why it does not run, or is empty. ``program`` is the release's."""

    name: str
    program: str
    counted: int
    begun: str
    broken: str = ""


@dataclass(frozen=True)
class History:
    """What is remembered of a unit. ``restarts`` are pairs: when, and how many were new then."""

    program: str
    counted: int
    begun: str
    restarts: tuple[tuple[float, int], ...] = ()


def counted(before: Mapping[str, History], units: Iterable[Unit], now: float) -> dict[str, History]:
    """The histories after a look that found ``units``; those of units that are gone go."""
    return {unit.name: _after(before.get(unit.name), unit, now) for unit in units}


def by_program(histories: Mapping[str, History]) -> dict[str, int]:
    """The restarts of each program within the last hour, those of its worst unit."""
    found: dict[str, int] = {}
    for history in histories.values():
        number = sum(count for _, count in history.restarts)
        found[history.program] = max(number, found.get(history.program, 0))
    return found


def to_wire(histories: Mapping[str, History]) -> dict[str, Any]:
    return {name: asdict(history) for name, history in histories.items()}


def from_wire(wire: Mapping[str, Mapping[str, Any]]) -> dict[str, History]:
    """Raises TypeError, KeyError, ValueError for anything but what :func:`to_wire` made."""
    return {
        name: History(**{**one, "restarts": tuple((float(when), int(count)) for when, count in one["restarts"])})
        for name, one in wire.items()
    }


def _after(before: History | None, unit: Unit, now: float) -> History:
    new = _new(before, unit)
    kept = tuple(pair for pair in before.restarts if now - WINDOW < pair[0] <= now) if before else ()
    return History(unit.program, unit.counted, unit.begun, (*kept, (now, new)) if new else kept)


def _new(before: History | None, unit: Unit) -> int:
    """The restarts since the look before; the count begins anew when somebody starts the unit by hand."""
    if before is None:
        return 0
    if unit.counted < 0:
        return int(unit.begun != before.begun and bool(before.begun))
    return unit.counted - before.counted if unit.counted >= before.counted else unit.counted

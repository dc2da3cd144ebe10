"""What `verify` found, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from seawall.cli.render.lines import Line, count, table

if TYPE_CHECKING:
    from seawall.operations.verify import Area, Verified

#: Of an area no more differences are shown to a person.
MOST_SHOWN = 20


def verify_lines(found: Sequence[Verified], environment: str) -> list[Line]:
    """One line for each area, below it each difference, and at the end what to do."""
    return [line for one in found for line in _host_lines(one, environment)]


def verify_data(found: Sequence[Verified]) -> dict[str, Any]:
    return {
        "well": all(one.well for one in found),
        "hosts": [
            {
                "host": one.host,
                "live": one.live,
                "well": one.well,
                "areas": [_area_data(area) for area in one.areas],
                "releases": [
                    {"id": name, "areas": [_area_data(area) for area in areas]} for name, areas in one.releases
                ],
            }
            for one in found
        ],
    }


def _area_data(area: Area) -> dict[str, Any]:
    return {
        "name": area.name,
        "checked": area.checked,
        "differences": [{"path": one.path, "what": one.what} for one in area.differences],
        "note": area.note,
    }


def _host_lines(one: Verified, environment: str) -> Iterator[Line]:
    from seawall.operations.verify import remedies

    if not one.live:
        yield Line(f"{one.host}: no release yet", "careful")
        return
    yield Line(f"{one.host}: {one.live} is live, {_verdict(one)}", "good" if one.well else "bad")
    for name, areas in one.releases:
        yield Line(f"  {name}", "title")
        yield from _area_lines(areas)
    yield Line("  all releases", "title")
    yield from _area_lines(one.areas)
    for remedy in remedies(one, environment):
        yield Line(f"  next: {remedy}")


def _verdict(one: Verified) -> str:
    differences = sum(len(area.differences) for area in one.all_areas)
    return f"{count(differences, 'difference')} to what was sent" if differences else "as it was sent"


def _area_lines(areas: Sequence[Area]) -> Iterator[Line]:
    rows = [(area.name, _said(area)) for area in areas]
    for area, row in zip(areas, table(rows, "    "), strict=True):
        yield Line(row, "bad" if area.differences else "")
        for text in table([(one.path, one.what) for one in area.differences[:MOST_SHOWN]], "      "):
            yield Line(text)
        if len(area.differences) > MOST_SHOWN:
            yield Line(f"      … and {len(area.differences) - MOST_SHOWN} more", "faint")


def _said(area: Area) -> str:
    text = count(len(area.differences), "difference") if area.differences else "as sent"
    return f"{area.checked} looked at, {text}" + (f" ({area.note})" if area.note else "")

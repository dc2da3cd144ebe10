"""Backups, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seawall.cli.render.lines import Line, count, size, table

if TYPE_CHECKING:
    from seawall.operations.data.backup import BackedUp, Backups, Forgotten


def made_lines(made: Sequence[BackedUp]) -> list[Line]:
    """What was made on each host."""
    lines = []
    for one in made:
        if one.empty:
            lines.append(Line(f"{one.host}: {one.id} is made, and is empty: there is no table and no file", "bad"))
            continue
        tables = f"{count(one.tables, 'table')} with {count(one.rows, 'row')}, " if one.tables else ""
        text = f"{one.host}: {one.id} is made: {tables}{count(one.files, 'file')}, {size(one.bytes)}"
        lines.append(Line(f"{text}, of which {size(one.added)} were new", "good"))
    return lines


def made_data(app: str, made: Sequence[BackedUp]) -> dict[str, Any]:
    return {"app": app, "hosts": [asdict(one) for one in made]}


def backups_lines(found: Backups) -> list[Line]:
    """Every backup, and whether a drill has proven it."""
    if not found.backups:
        return [Line(f"No backups in {found.repository} yet: `seawall backup now` makes one.")]
    several = len({one.host for one in found.backups}) > 1
    rows = [
        [one.id, _when(one.id), size(one.bytes), *([one.host] if several else []), "proven" if one.proven else ""]
        for one in found.backups
    ]
    lines = [Line(f"{count(len(rows), 'backup')} in {found.repository}", "title")]
    return lines + [
        Line(text, "good" if one.proven else "") for text, one in zip(table(rows), found.backups, strict=True)
    ]


def backups_data(app: str, found: Backups) -> dict[str, Any]:
    return {"app": app, **asdict(found)}


def forgotten_lines(gone: Forgotten) -> list[Line]:
    """What was removed."""
    return [Line(f"removed {', '.join(gone.removed)}; {count(gone.left, 'backup is', 'backups are')} left")]


def forgotten_data(app: str, gone: Forgotten) -> dict[str, Any]:
    return {"app": app, **asdict(gone)}


def _when(identity: str) -> str:
    """`20261128-030412` as people write it, in UTC."""
    day, time = identity[:8], identity[9:15]
    return f"{day[:4]}-{day[4:6]}-{day[6:]} {time[:2]}:{time[2:4]} UTC"

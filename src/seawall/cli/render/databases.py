"""Databases, and what is kept beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from seawall.cli.render.lines import Line, ago, size, table

if TYPE_CHECKING:
    from seawall.agent.data.aside import Kept
    from seawall.operations.data.databases import Databases


def databases_lines(found: Sequence[Databases], now: datetime) -> list[Line]:
    """For each host the live database, and what was put aside with its age."""
    return [line for one in found for line in _of(one, now)]


def databases_data(app: str, found: Sequence[Databases], now: datetime) -> dict[str, Any]:
    hosts = [asdict(one) for one in found]
    for host in hosts:
        host["kept"] = [_with_age(kept, now) for kept in host["kept"]]
    return {"app": app, "hosts": hosts}


def dropped_lines(host: str, gone: Kept) -> list[Line]:
    return [Line(f"{host}: {gone.name} is removed: {size(gone.bytes)}", "good")]


def dropped_data(app: str, host: str, gone: Kept) -> dict[str, Any]:
    return {"app": app, "host": host, **asdict(gone)}


def stays(until: str) -> str:
    """Until when something is kept, in words."""
    return f"until a backup made after {until[:10]} is proven" if until else "until you remove it"


def _of(found: Databases, now: datetime) -> list[Line]:
    live = f"database {found.database}, {size(found.bytes)}" if found.database else "no database of seawall's"
    lines = [Line(f"{found.host}: {live}", "title")]
    if not found.kept:
        return [*lines, Line("  nothing is kept beside it")]
    rows = [
        [f"  {one.name}", size(one.bytes), f"{ago(_age(one.since, now))} old", f"kept {stays(one.until)}"]
        for one in found.kept
    ]
    return lines + [Line(text) for text in table(rows)]


def _age(since: str, now: datetime) -> int:
    return int((now - datetime.fromisoformat(since)).total_seconds())


def _with_age(kept: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {**kept, "age": _age(kept["since"], now)}

"""What a copy of a database would do, and what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seawall.cli.render.databases import stays
from seawall.cli.render.lines import Line, count, seconds, size

if TYPE_CHECKING:
    from seawall.operations.data.copy_database import Copied, Route


def route_lines(route: Route, target: str, script: str) -> list[Line]:
    """From where to where, how much, and what happens on the way."""
    found, there = route.found, route.there
    lines = [
        Line(f"{found['kind']} {found['version']}, {size(int(found['bytes']))}, on {route.source.name}"),
        Line(f"replaces the database {there['name']} of {target}, on {route.target.name}", "careful"),
    ]
    return [*lines, Line(f"after {script} was run in the copy")] if script else lines


def copied_lines(route: Route, done: Copied) -> list[Line]:
    what = f"{count(done.rows, 'row')} in {count(done.tables, 'table')}, {size(done.bytes)}"
    lines = [Line(f"{route.target.name} has the database: {what} ({seconds(done.seconds)})", "good")]
    if done.kept:
        lines.append(Line(f"the one of before is kept as {done.kept}, {stays(done.until)}"))
    return lines


def copied_data(route: Route, done: Copied) -> dict[str, Any]:
    return {
        "app": route.target.layout.app,
        "from": route.source.name,
        "to": route.target.name,
        "bytes": done.bytes,
        "tables": done.tables,
        "rows": done.rows,
        "kept": done.kept,
        "until": done.until,
        "migrated": done.migrated,
        "seconds": round(done.seconds, 3),
    }

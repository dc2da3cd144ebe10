"""What was restored onto a fresh host, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from seawall.cli.render.deployed import Done, deployed_data
from seawall.cli.render.errors import error_data, warning_lines
from seawall.cli.render.lines import Line, count, size
from seawall.cli.render.restore import then
from seawall.errors import SeawallError

if TYPE_CHECKING:
    from seawall.operations.data.clone_host import Cloned
    from seawall.operations.plan import Plan


def cloned_lines(cloned: Cloned, now: datetime) -> list[Line]:
    """Which backup, how old, and how much it held."""
    backup = cloned.backup
    what = [count(backup.rows, "row"), count(backup.tables, "table"), count(backup.files, "file")]
    told = f"restored: backup {backup.backup} of {backup.made_on}, {age(_seconds(backup.made, now))} old"
    done = cloned.done
    lines = [Line(f"{told}: {', '.join(what)}, {size(backup.bytes)}", "good")]
    if cloned.at:
        lines += [
            Line(f"restored: the database as it was {then(cloned.at)}", "good"),
            Line(f"the last change in the database was made {done.reached or 'before its backup'}", "careful"),
            Line(f"files that were written after {backup.made} are not there", "careful"),
        ]
    else:
        lines.append(Line(f"what was written after {backup.made} is not in it", "careful"))
    kept = {**done.folders, done.database: done.kept_database, "what Redis held": done.kept_redis}
    for trouble in cloned.troubles:
        lines += warning_lines(trouble)
    return [*lines, *(Line(f"{place} of before is kept as {there}") for place, there in kept.items() if there)]


def cloned_data(plan: Plan, done: Done, cloned: Cloned, now: datetime) -> dict[str, Any]:
    when = {"at": cloned.at, "reached": cloned.done.reached}
    restored = {**asdict(cloned.backup), "age": _seconds(cloned.backup.made, now), **when}
    told = deployed_data(plan, done)
    warnings = [error_data(trouble)["error"] for trouble in cloned.troubles]
    return {**told, "warnings": [*warnings, *told["warnings"]], "restored": restored}


def what(backup: str, at: str) -> str:
    """What would be restored, in a question."""
    named = f"backup {backup}" if backup else "the newest backup"
    return f"{named}, with the database as it was {then(at)}," if at else named


def age(past: int) -> str:
    """`3 hours`, of seconds."""
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if past >= 2 * length:
            return count(past // length, unit)
    return count(past, "second")


@contextmanager
def told_where_it_stands() -> Iterator[None]:
    """If the deployment fails, the data is there all the same, and need not be restored again."""
    try:
        yield
    except SeawallError as error:
        error.state = "; ".join(filter(None, (error.state, "the data is restored on the host")))
        error.remedy = "; ".join(filter(None, (error.remedy, "then `seawall deploy` does what is left")))
        raise


def _seconds(made: str, now: datetime) -> int:
    return max(int((now - datetime.fromisoformat(made)).total_seconds()), 0)

"""Restores and drills, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.agent.data.aside import DAYS
from seawall.cli.render.databases import stays
from seawall.cli.render.lines import Line, count, size

#: The end of the archive, in the place of a moment.
LATEST = "latest"

if TYPE_CHECKING:
    from seawall.agent.data.restored import Restored
    from seawall.operations.data.drill import Proven
    from seawall.operations.data.restore import Outlook, Wanted


def outlook_lines(outlook: Outlook, wanted: Wanted) -> list[Line]:
    """What a restore would do, before it is agreed to."""
    what = f"{size(outlook.bytes)}: {_contents(outlook)}"
    kind = "Snapshot" if wanted.snapshot else "Backup"
    lines = [Line(f"{kind} {outlook.backup}, made {outlook.made} on {outlook.made_on} ({what})", "title")]
    if wanted.at:
        besides = f", and the files of backup {wanted.backup}" if wanted.backup else ""
        lines = [Line(f"The database of {outlook.made_on} {then(wanted.at)}{besides}", "title")]
    if wanted.table:
        return [*lines, Line(f"  + table {wanted.table}, beside the live one in database {outlook.database}", "good")]
    if "/" in wanted.to:
        return [*lines, *_place(f"folder {wanted.to}, on {outlook.host}", wanted.to in outlook.held)]
    places = [("database ", outlook.database)] if outlook.database else []
    places += [("", "Redis")] if outlook.redis else []
    places += [("", folder) for folder in outlook.folders]
    lines += [line for kind, name in places for line in _place(f"{kind}{name}", f"{kind}{name}" in outlook.held)]
    if not wanted.to:
        lines.append(Line("  the app is stopped while they change places; visitors get the maintenance page"))
    return lines


def restored_lines(done: Restored, at: str = "") -> list[Line]:
    """What became of it, and what a person should know now; ``at`` is the moment that was wished."""
    if done.table:
        return [Line(f"table {done.table} in database {done.database} has the rows of backup {done.backup}", "good")]
    if done.folder:
        lines = [Line(f"backup {done.backup} is in {done.folder} on {done.host}", "good")]
    elif at:
        lines = [Line(f"database {done.database} on {done.host} is as it was {then(at)}", "good")]
        lines += [Line(f"  the last change in it was made {done.reached}")] if done.reached else []
    elif done.database or done.folders:
        lines = [Line(f"{done.host} has the data of backup {done.backup}", "good")]
    else:
        lines = [Line(f"{done.host} has the files of backup {done.backup}", "good")]
    if done.kept_database:
        lines.append(Line(f"  the database of before is kept: {done.kept_database}"))
    if done.kept_redis:
        lines.append(Line(f"  what Redis held is kept: {done.kept_redis}"))
    lines += [Line(f"  what was in {path} is kept: {kept}") for path, kept in done.folders.items()]
    if done.until:
        lines.append(Line(f"  it stays {stays(done.until)}; sooner: `seawall database drop NAME`"))
    if done.migrate and not done.folder:
        lines.append(
            Line(f"  if the backup is older than the last migration: seawall run -- {done.migrate}", "careful")
        )
    return lines


def then(at: str) -> str:
    """When a database was as it is restored."""
    return "at the end of the archive" if at == LATEST else f"at {at}"


def proven_lines(proven: Proven) -> list[Line]:
    """What was proven."""
    lines = [Line(f"backup {proven.backup} of {proven.host} is proven: {_contents(proven)}", "good")]
    if proven.command:
        lines.append(Line(f"  the app's own check has passed: {proven.command}"))
    if proven.archive:
        lines.append(Line(f"  the archive is proven: the database comes back as it was at {proven.archive}"))
    return lines


def _contents(what: Outlook | Proven) -> str:
    parts = [f"{count(what.rows, 'row')} in {count(what.tables, 'table')}"] if what.tables else []
    return ", ".join([*parts, count(what.files, "file")] if what.files or not parts else parts)


def _place(name: str, held: bool) -> list[Line]:
    if held:
        kept = f"what is there now is kept under another name for {DAYS} days or longer"
        return [Line(f"  ~ {name}: replaced; {kept}", "careful")]
    return [Line(f"  + {name}", "good")]

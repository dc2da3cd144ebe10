"""Releases and status, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seawall.agent.data.vocabulary import FORMER
from seawall.cli.render.lines import Line, ago, clean, size, table

if TYPE_CHECKING:
    from seawall.operations.look import BackupStatus, DatabaseStatus, ReleaseLine, Status, Trouble


def releases_lines(found: Sequence[ReleaseLine]) -> list[Line]:
    """The releases of each host, newest first, the live one marked."""
    if not found:
        return [Line("No releases yet: `seawall deploy` makes the first.")]
    hosts = list(dict.fromkeys(line.host for line in found))
    lines: list[Line] = []
    for host in hosts:
        lines += [Line(host, "title")] if len(hosts) > 1 else []
        own = [line for line in found if line.host == host]
        lines += [
            Line(text, "good" if line.live else "")
            for line, text in zip(own, table(_release_row(line) for line in own), strict=True)
        ]
    return lines


def releases_data(found: Sequence[ReleaseLine]) -> dict[str, Any]:
    return {"releases": [asdict(line) for line in found]}


def _release_row(line: ReleaseLine) -> list[str]:
    commit = line.commit[:10] + ("+changes" if line.dirty else "")
    mark = "live" if line.live else ""
    return [line.id, mark, line.made, f"{line.files} files", commit, line.by, line.message]


def status_lines(app: str, found: Sequence[Status]) -> list[Line]:
    """How the app is on each host."""
    lines: list[Line] = []
    for status in found:
        lines += _host_lines(app, status)
    return lines


def status_data(app: str, found: Sequence[Status]) -> dict[str, Any]:
    return {
        "app": app,
        "well": all(status.well for status in found),
        "hosts": [{**asdict(status), "well": status.well} for status in found],
    }


def moment(stamp: str) -> str:
    """A time of RFC 3339 for people: UTC, to the minute."""
    return f"{stamp[:10]} {stamp[11:16]} UTC"


def trouble_lines(trouble: Trouble) -> list[Line]:
    """One trouble: what and since when, and what to do."""
    since = f" (since {moment(trouble.since)})" if trouble.since else ""
    return [Line(f"  {clean(trouble.fact)}{since}", "bad"), Line(f"    {clean(trouble.remedy)}")]


def _host_lines(app: str, status: Status) -> list[Line]:
    if status.database:
        said = _database(status.database)
        mark = "good" if status.well else "bad"
        lines = [Line(f"{app} on {status.host}: {status.database.role} of the database, {clean(said)}", mark)]
    elif not status.live:
        lines = [Line(f"{app} on {status.host}: no release yet", "careful")]
    else:
        said = status.health or "not looked at"
        lines = [Line(f"{app} on {status.host}: {status.live} is live, {said}", "good" if status.well else "bad")]
    rows = [(program.name, program.broken or "runs") for program in status.programs]
    if status.disk_total:
        rows.append(("disk", f"{size(status.disk_free)} of {size(status.disk_total)} free"))
    rows += _backup_rows(status.backups) if status.backups else []
    lines += [Line(text) for text in table(rows)]
    told = {trouble.fact for trouble in status.troubles}
    reasons = status.backups.reasons if status.backups else ()
    lines += [Line(f"  {clean(reason)}", "bad") for reason in reasons if reason not in told]
    if status.maintenance:
        lines.append(Line("  maintenance is on: visitors get a page that says so", "careful"))
    lines += [line for trouble in status.troubles for line in trouble_lines(trouble)]
    if status.busy:
        lines.append(Line(f"  {status.busy}", "careful"))
    if status.interrupted:
        lines.append(Line(f"  {status.interrupted}; the next deploy takes care of it", "careful"))
    return lines


def _database(database: DatabaseStatus) -> str:
    if database.fault:
        return database.fault
    if database.role == FORMER:
        return "fenced: it is down, and takes no changes"
    if database.lag_bytes >= 0:
        return f"answers, its replica is {size(database.lag_bytes)} behind"
    return f"follows, {database.lag_seconds:.1f} s behind" if database.lag_seconds >= 0 else "answers"


def _backup_rows(backups: BackupStatus) -> list[tuple[str, str]]:
    last = f"{ago(backups.age)} ago, {size(backups.bytes)}" if backups.age is not None else "none yet"
    proven = f"{ago(backups.proven_age)} ago" if backups.proven_age is not None else "never"
    return [("backup", backups.waiting or last), ("proven restore", proven)]

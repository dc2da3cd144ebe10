"""How far the archive of a PostgreSQL server lies behind it, seen from its files: the server itself may be dead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from seawall.agent.data.record import ARCHIVE, DRILL, Run
from seawall.agent.data.summary import Reason
from seawall.agent.data.vocabulary import Archive

#: Where a server notes which segments wait to be archived (PostgreSQL's source, access/transam/xlogarchive.c).
WAITING = "/var/lib/postgresql/{version}/main/pg_wal/archive_status"
#: Seconds that a segment may wait: fifteen minutes are many tries, which PostgreSQL makes once a minute at least.
PATIENCE = 900


def wrong(archive: Archive, runs: Sequence[Run], now: float) -> Iterator[Reason]:
    """What the record (oldest first), and the server's files at the UNIX time ``now``, say against an archive."""
    copies = [run for run in runs if run.job == ARCHIVE]
    if copies and not copies[-1].ok:
        text = f"the server could not be copied for point-in-time recovery ({copies[-1].ended}): {copies[-1].error}"
        yield Reason("archive-failed", text)
    if any(run.ok for run in copies):  # the first copy makes the archive
        yield from late(archive, now)
        proven = [run for run in runs if run.job == DRILL and run.ok]
        if proven and not proven[-1].details.get("archive"):  # without any drill, that is said already
            yield Reason("archive-unproven", "no moment was ever recovered to prove the archive: `seawall drill`")


def late(archive: Archive, now: float) -> Iterator[Reason]:
    """That the oldest segment has waited for too long, by the UNIX time ``now``."""
    folder = Path(WAITING.format(version=archive.version))
    waiting = [path.stat().st_mtime for path in folder.glob("*.ready")]
    if waiting and now - min(waiting) > PATIENCE:
        minutes = int((now - min(waiting)) // 60)
        yield Reason(
            "archive-late",
            f"PostgreSQL's changes of the last {minutes} minutes are not in the archive: {len(waiting)} segments wait",
        )

"""The copies of the whole PostgreSQL server that recoveries of a moment begin with: one beside each backup."""

from __future__ import annotations

import time
from collections.abc import Callable

from seawall.agent.data import pgbackrest, record, twins
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.record import Run
from seawall.agent.data.vocabulary import Archive
from seawall.agent.errors import RepositoryFailed
from seawall.agent.journal import now
from seawall.agent.vocabulary import Event


def add(archive: Archive, at: DataPlaces, backup: str, report: Callable[[Event], None]) -> None:
    """Copy the server, beside a ``backup`` that was made. That is one also where the copy fails, which is told, and
    written down."""
    begun, since = now(), time.monotonic()
    report(Event("step", "archive", "start"))
    try:
        twins.refuse(archive)
        label = pgbackrest.copy(archive)
    except RepositoryFailed as error:
        report(Event("step", "archive", "failed", "", time.monotonic() - since))
        record.append(at.record, Run(record.ARCHIVE, backup, begun, now(), False, error=error.fact))
        text = f"the backup was made; the server could not be copied to the archive: {error.fact}"
        report(Event("note", text="\n".join(filter(None, (text, error.output)))))
    else:
        report(Event("step", "archive", "done", label, time.monotonic() - since))
        record.append(at.record, Run(record.ARCHIVE, label, begun, now(), True))

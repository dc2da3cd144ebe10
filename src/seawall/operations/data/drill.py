"""Proving the newest backup, on the host that makes it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from seawall.operations.data.asking import ask
from seawall.operations.events import Happening
from seawall.operations.hosts import Host


@dataclass(frozen=True)
class Proven:
    """A backup that was restored and compared. ``read`` is how much of the repository was read where it lies;
    ``command`` the app's own check that has passed, "" for none; ``archive`` the moment (UTC, RFC 3339) to which the
    database was brought from the archive of its changes, "" where none is kept."""

    host: str
    backup: str
    made: str
    bytes: int
    read: str
    tables: int
    rows: int
    files: int
    command: str = ""
    archive: str = ""


def drill(host: Host) -> Generator[Happening, None, Proven]:
    """Do it. Raises HostError for whatever keeps the backup from being proven."""
    answer = yield from ask(host, "data-drill")
    return Proven(host.name, **answer)

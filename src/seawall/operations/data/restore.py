"""Restoring a backup on the host that it is for."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.agent.data.restored import Restored
from seawall.errors import UsageError
from seawall.operations.data.asking import ask
from seawall.operations.events import Happening
from seawall.operations.hosts import Host


@dataclass(frozen=True)
class Wanted:
    """Which backup or ``snapshot``, "" for the newest; ``to`` a folder (with a slash) or a database instead of the live
    data; one ``table`` of it only; ``replace`` what is there. Or the database as it was ``at`` a moment: then "" is no
    backup, and with one its files and Redis are restored too."""

    backup: str = ""
    to: str = ""
    table: str = ""
    replace: bool = False
    snapshot: bool = False
    at: str = ""

    def fields(self) -> dict[str, Any]:
        """As the host is asked. A snapshot is one of the live database, and there to go over it."""
        replace = self.replace or (self.snapshot and not self.to and not self.table)
        wish = {"to": self.to, "table": self.table, "replace": replace}
        return {"backup": self.backup, "snapshot": self.snapshot, "at": self.at, **wish}


@dataclass(frozen=True)
class Outlook:
    """The backup that would be restored, and what would be replaced: ``held`` are those that hold something, in words,
    ``database`` and ``folders`` all."""

    host: str
    backup: str
    made: str
    made_on: str
    bytes: int
    tables: int
    rows: int
    files: int
    database: str
    folders: tuple[str, ...]
    held: tuple[str, ...]
    redis: bool = False


def the_one(hosts: Sequence[Host]) -> Host:
    """The host that has the data. Raises UsageError where several might."""
    if len(hosts) > 1:
        names = ", ".join(host.name for host in hosts)
        raise UsageError("a backup is restored on one host, and the project has several", remedy=f"--host: {names}")
    return hosts[0]


def look(host: Host, wanted: Wanted) -> Outlook:
    """What a restore would do. Raises HostError: also where something would be replaced that was not said to be."""
    answer = host.session.request("data-restore-look", **wanted.fields())
    return Outlook(host.name, **{**answer, "folders": tuple(answer["folders"]), "held": tuple(answer["held"])})


def restore(host: Host, wanted: Wanted) -> Generator[Happening, None, Restored]:
    """Do it. Raises HostError with everything as it was."""
    answer = yield from ask(host, "data-restore", **wanted.fields())
    return Restored(**{**answer, "host": host.name})

"""Looking: releases, status and logs of every host. Nothing is changed."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.agent.vocabulary import Event
from seawall.operations.events import Happening, Progress
from seawall.operations.hosts import Host
from seawall.operations.parallel import Tell, on_each


@dataclass(frozen=True)
class ReleaseLine:
    """One release on one host."""

    host: str
    id: str
    live: bool
    made: str
    files: int
    commit: str
    dirty: bool
    by: str
    message: str


@dataclass(frozen=True)
class ProgramStatus:
    """One program of the live release; ``broken`` says why it does not run, or is empty."""

    name: str
    role: str
    broken: str


@dataclass(frozen=True)
class BackupStatus:
    """How the app's backups stand. ``last`` is when one was made, ``proven`` when a drill found one whole (UTC, RFC
    3339, "" for never); ages in seconds, sizes in bytes. ``reasons`` say what is wrong, ``waiting`` what is yet to come
    and no fault."""

    repository: str
    last: str
    age: float | None
    bytes: int
    proven: str
    proven_age: float | None
    waiting: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Trouble:
    """Something that needs a person: what, what to do, since when (RFC 3339; "" where the watch has not seen it)."""

    id: str
    fact: str
    remedy: str
    since: str


@dataclass(frozen=True)
class DatabaseStatus:
    """The app's database on a host of its own; ``fault`` says what is wrong with it, or is empty. A primary that has a
    replica knows how many bytes that is behind, a replica since how many seconds; -1 where that is not known."""

    role: str
    fault: str
    lag_bytes: int = -1
    lag_seconds: float = -1.0


@dataclass(frozen=True)
class Status:
    """How the app is on one host. Sizes in bytes; ``health`` is "healthy" or what is wrong.

    ``backups`` is None where there are to be none, ``database`` where the host is not the database's own.
    """

    host: str
    live: str
    running: tuple[str, ...]
    programs: tuple[ProgramStatus, ...]
    health: str
    maintenance: bool
    interrupted: str
    busy: str
    disk_free: int
    disk_total: int
    backups: BackupStatus | None = None
    troubles: tuple[Trouble, ...] = ()
    database: DatabaseStatus | None = None

    @property
    def well(self) -> bool:
        """All programs of a live release run and its health path answers, or it is the database's host and that
        answers; its data is safe, and there is no trouble."""
        runs = self.health == "healthy" and not any(p.broken for p in self.programs)
        if self.database is not None:
            runs = not self.database.fault
        safe = not (self.backups and self.backups.reasons)
        return runs and safe and not self.interrupted and not self.troubles


def releases(hosts: Sequence[Host]) -> list[ReleaseLine]:
    """The releases of each host, newest first."""
    return [
        ReleaseLine(host=host.name, **line) for host in hosts for line in host.session.request("releases")["releases"]
    ]


def status(hosts: Sequence[Host]) -> list[Status]:
    return [_status(host.name, host.session.request("status")) for host in hosts]


def _status(name: str, answer: dict[str, Any]) -> Status:
    programs = tuple(ProgramStatus(**program) for program in answer.pop("programs"))
    told = answer.pop("backups")
    backups = BackupStatus(**{**told, "reasons": tuple(told["reasons"])}) if told else None
    troubles = tuple(Trouble(**trouble) for trouble in answer.pop("troubles"))
    running, known = tuple(answer.pop("running")), answer.pop("database", None)
    database = DatabaseStatus(**known) if known else None
    return Status(
        host=name,
        programs=programs,
        running=running,
        backups=backups,
        troubles=troubles,
        database=database,
        **answer,
    )


def logs(hosts: Sequence[Host], names: Sequence[str], lines: int, *, follow: bool) -> Generator[Happening, None, None]:
    """The last log lines of the app's programs (all, or those named), and with ``follow`` what comes until stopped."""

    def read(host: Host, tell: Tell) -> None:
        def hear(event: Event) -> None:
            tell(Progress(host.name, event))

        host.session.request("logs", hear, names=list(names), lines=lines, follow=follow)

    def stop() -> str:
        for host in hosts:
            host.session.cancel()
        return "no more of the logs"

    outcomes = yield from on_each(hosts, read, stop)
    if outcomes.failures:
        raise outcomes.failures[0][1]

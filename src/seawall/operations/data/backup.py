"""Backups: one made now, a list of them, and the removal of some."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seawall.agent.vocabulary import Event
from seawall.config.model import LOCAL, Project
from seawall.errors import UsageError
from seawall.operations.events import Happening, Progress
from seawall.operations.hosts import Host, person
from seawall.operations.parallel import Tell, on_each


@dataclass(frozen=True)
class BackedUp:
    """A backup that was made on a host. ``bytes`` is what it holds, ``added`` what the repository did not have yet."""

    host: str
    id: str
    bytes: int
    added: int
    tables: int
    rows: int
    files: int
    empty: bool


@dataclass(frozen=True)
class Backup:
    """One in the repository; ``host`` is what the host that made it calls itself."""

    id: str
    host: str
    bytes: int
    proven: bool


@dataclass(frozen=True)
class Backups:
    """All of the app's, oldest first, and where they are."""

    repository: str
    backups: tuple[Backup, ...]


@dataclass(frozen=True)
class Forgotten:
    """The ids of the backups that were removed, and how many are left."""

    removed: tuple[str, ...]
    left: int


def must_not_be_here(environment: str) -> None:
    """Raises UsageError for this machine, which makes no backups and has none to restore."""
    if environment == LOCAL:
        raise UsageError(
            "backups are made on servers; on this machine the app's data is in .seawall/local/data",
            remedy="name an environment with hosts: -e. For a backup of what is here, copy that folder after "
            "`seawall down`",
        )


def must_have_backups(project: Project) -> None:
    """Raises UsageError for a project without backups, and for this machine."""
    must_not_be_here(project.environment)
    if not project.backup.repository:
        raise UsageError(
            "the project has no repository for backups",
            place="seawall.toml",
            remedy='name one, then deploy: repository = "s3:https://HOST/BUCKET/PATH" in [backup]',
        )


def back_up(hosts: Sequence[Host]) -> Generator[Happening, None, list[BackedUp]]:
    """Make a backup on each host, now. Raises HostError: then none was made there, and the old ones are untouched."""

    def work(host: Host, tell: Tell) -> BackedUp:
        run = host.session.request("data-back-up", _heard(host, tell), by=person())["run"]
        details = run["details"]
        counts = {name: int(details.get(name, 0)) for name in ("added", "tables", "rows", "files")}
        return BackedUp(host.name, run["id"], run["bytes"], empty=bool(details.get("empty")), **counts)

    outcomes = yield from on_each(hosts, work, lambda: _stopped(hosts))
    if outcomes.failures:
        raise outcomes.failures[0][1]
    return outcomes.results


def backups(hosts: Sequence[Host]) -> Backups:
    """What there is. One repository serves all hosts of an app, and each knows which of its own were proven."""
    found: dict[tuple[str, str], Backup] = {}
    repository = ""
    for host in hosts:
        answer = host.session.request("data-backups")
        repository = str(answer["repository"])
        for one in answer["backups"]:
            backup = Backup(**one)
            known = found.get((backup.id, backup.host), backup)
            found[backup.id, backup.host] = replace(backup, proven=backup.proven or known.proven)
    return Backups(repository, tuple(found[key] for key in sorted(found)))


def forget(hosts: Sequence[Host], ids: Sequence[str]) -> Generator[Happening, None, Forgotten]:
    """Remove these backups, all or none. Raises HostError, for the only proven one too.

    With several hosts, the one that made them is asked: it knows which were proven.
    """
    host = _maker(hosts, ids[0])

    def work(there: Host, tell: Tell) -> dict[str, Any]:
        return there.session.request("data-forget", _heard(there, tell), ids=list(ids), by=person())

    outcomes = yield from on_each([host], work, lambda: _stopped([host]))
    if outcomes.failures:
        raise outcomes.failures[0][1]
    answer = outcomes.results[0]
    return Forgotten(tuple(answer["removed"]), int(answer["left"]))


def _maker(hosts: Sequence[Host], identity: str) -> Host:
    if len(hosts) > 1:
        for host in hosts:
            answer = host.session.request("data-backups")
            if any(one["id"] == identity and one["host"] == answer["host"] for one in answer["backups"]):
                return host
    return hosts[0]


def _heard(host: Host, tell: Tell) -> Callable[[Event], None]:
    return lambda event: tell(Progress(host.name, event))


def _stopped(hosts: Sequence[Host]) -> str:
    for host in hosts:
        host.session.cancel()
    return "stopping: what is half done is no backup, and the next run removes it"

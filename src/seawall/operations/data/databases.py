"""What restores and copies have put aside on a host: shown, and removed for good."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from seawall.agent.data.aside import Kept
from seawall.config.model import LOCAL, Project
from seawall.errors import UsageError
from seawall.operations.data.asking import ask
from seawall.operations.events import Happening
from seawall.operations.hosts import Host


@dataclass(frozen=True)
class Databases:
    """Of one host: its live database ("" for none), its bytes, and what is kept, oldest first."""

    host: str
    database: str
    bytes: int
    kept: tuple[Kept, ...]


def must_be_servers(project: Project) -> None:
    """Raises UsageError for this machine, where nothing is restored."""
    if project.environment == LOCAL:
        raise UsageError(
            "databases are restored and copied on servers; this machine's is what its own variables name",
            remedy="name an environment with hosts: -e",
        )


def databases(hosts: Sequence[Host]) -> list[Databases]:
    """What there is on each host. Raises HostError."""
    return [_of(host) for host in hosts]


def drop(hosts: Sequence[Host], name: str) -> Generator[Happening, None, tuple[str, Kept]]:
    """Remove what is kept under this name. Returns on which host it was, and what.

    Raises UsageError where no host or several have it, HostError.
    """
    having = [host for host in hosts if any(one.name == name for one in _of(host).kept)]
    if len(having) != 1:
        raise UsageError(
            f"{name} is kept on {'several hosts' if having else 'no host'}",
            state="nothing was removed",
            remedy="--host says on which" if having else "`seawall database list` shows what is kept",
        )
    answer = yield from ask(having[0], "data-drop", name=name)
    return having[0].name, Kept(**answer)


def _of(host: Host) -> Databases:
    answer = host.session.request("data-databases")
    live = answer["database"] or {"name": "", "bytes": 0}
    return Databases(host.name, live["name"], live["bytes"], tuple(Kept(**one) for one in answer["kept"]))

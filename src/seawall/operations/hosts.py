"""The hosts of a project, and the sessions with them."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seawall.agent.vocabulary import Layout, to_wire
from seawall.config.model import LOCAL, Project
from seawall.errors import UsageError
from seawall.operations import authority, user_manager
from seawall.operations.early import Early
from seawall.operations.ports import ports
from seawall.stack.layout import layout_for
from seawall.stack.targets import LocalTarget, ServerTarget, Target
from seawall.transport.local import open_local
from seawall.transport.session import Session
from seawall.transport.ssh import PasswordNeeded, Ssh

AskPassword = Callable[[str], str]


@dataclass
class Host:
    """One host of a project with the session to it."""

    name: str
    target: Target
    session: Session
    layout: Layout
    app: dict[str, Any] = field(default_factory=dict)

    @property
    def live(self) -> str:
        return str(self.app.get("live", ""))

    @property
    def interrupted(self) -> str:
        return str(self.app.get("interrupted", ""))

    @property
    def running(self) -> bool:
        return self.live in self.app.get("running", [])


def person() -> str:
    """Who asks, for the lock and the journal: login name and machine."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def database_hosts(project: Project) -> tuple[str, ...]:
    """The hosts of the project's database that are its own, the primary first; none where it lives on the app's."""
    database = project.database
    return tuple(filter(None, (database.host, database.replica))) if project.environment != LOCAL else ()


def all_hosts(project: Project) -> tuple[str, ...]:
    """The app's hosts, and those of its database."""
    return () if project.environment == LOCAL else (*project.hosts, *database_hosts(project))


def backed_up_hosts(project: Project) -> tuple[str, ...]:
    """Those that backups are made on: a replica holds only what the primary has."""
    return () if project.environment == LOCAL else (*project.hosts, *database_hosts(project)[:1])


def data_hosts(project: Project) -> tuple[str, ...]:
    """Where the data is that there is one of: on the database's own host, else on the app's."""
    return database_hosts(project)[:1] or (() if project.environment == LOCAL else project.hosts)


def targets(project: Project, only: Sequence[str] = ()) -> list[tuple[str, Target]]:
    """Where the app lives in its environment; the database's own host too where ``only`` names it. Raises UsageError if
    nowhere, or ``only`` names a stranger."""
    if project.environment == LOCAL:
        return [("local", local_target(project))]
    strangers = [name for name in only if name not in all_hosts(project)]
    if strangers:
        known = ", ".join(all_hosts(project)) or "none"
        raise UsageError(f"{strangers[0]} is not one of the project's hosts", remedy=f"`hosts` names: {known}")
    wanted = [host for host in all_hosts(project) if (host in only if only else host in project.hosts)]
    if not wanted:
        raise UsageError(
            "no host to go to",
            place="seawall.toml",
            remedy='name one: hosts = ["root@203.0.113.5"], or use `seawall up`',
        )
    return [(host, ServerTarget(address_of(host))) for host in wanted]


def address_of(destination: str) -> str:
    """The host name or address in what ssh takes as a destination (ssh(1))."""
    rest = destination.removeprefix("ssh://").rpartition("@")[2]
    if rest.startswith("["):
        return rest[1:].partition("]")[0]
    return rest.partition(":")[0] if destination.startswith("ssh://") else rest


def start(name: str, target: Target, early: Early) -> Session:
    """Begin to connect, or go on with a connection already begun; `greeted` waits for it."""
    return open_local() if isinstance(target, LocalTarget) else early.take(name)


#: Hears of a host what became of a deployment that was cut off there.
Hear = Callable[[Host, str], None]
Connecting = list[tuple[str, Target, Session]]


@dataclass(frozen=True)
class Begun:
    """Connections under way: to the app's hosts, and to those that are the database's own."""

    apps: Connecting
    databases: Connecting


def begin(project: Project, only: Sequence[str] = (), early: Early | None = None) -> Begun:
    """Begin to connect to the app's hosts, or ``only`` those, and to its database's; `greeted` waits for each."""
    names = database_hosts(project)
    databases = _begin(project, targets(project, names), Early([])) if names else []
    return Begun(_begin_all(project, app_hosts(project, only), early), databases)


def _begin_all(project: Project, only: Sequence[str], early: Early | None) -> Connecting:
    """Begin to connect everywhere at once; connections begun early that are not wanted end."""
    early = early or Early([])
    begun = _begin(project, targets(project, only), early)
    early.close()
    return begun


def app_hosts(project: Project, only: Sequence[str]) -> tuple[str, ...]:
    """Those of ``only`` that the app lives on. Raises UsageError where that leaves none."""
    apart = database_hosts(project)
    left = tuple(name for name in only if name not in apart)
    if only and not left:
        raise UsageError(
            f"{only[0]} has the database alone, which is seen to whenever one of the app's hosts is",
            remedy=f"name one of those, or none for all: {', '.join(project.hosts)}",
        )
    return left


def _begin(project: Project, wanted: Sequence[tuple[str, Target]], early: Early) -> Connecting:
    begun = [(name, target, start(name, target, early)) for name, target in wanted]
    for _, target, session in begun:
        _open(session, layout_for(project, target))
    return begun


def greeted(project: Project, name: str, target: Target, session: Session, ask: AskPassword) -> Host:
    """Wait for the agent and hear how the app is there. Raises ConnectionFailed, ConnectionLost, HostError."""
    layout = layout_for(project, target)
    try:
        session.greet()
    except PasswordNeeded:
        session = Ssh(name).open(ask(name))
        _open(session, layout)
        session.greet()
    return Host(name, target, session, layout, session.answer())


def finish_or_undo(host: Host, hear: Hear) -> None:
    """If a deployment was cut off on this host, have it finished or undone, and tell ``hear`` which."""
    if host.interrupted:
        done = host.session.request("recover", by=person())["done"]
        host.app = host.session.request("open", layout=to_wire(host.layout))
        hear(host, done)


def _open(session: Session, layout: Layout) -> None:
    """Ask how the app is there; the answer comes after the greeting."""
    session.send_early("open", layout=to_wire(layout))


def connect(project: Project, ask: AskPassword, only: Sequence[str] = (), early: Early | None = None) -> list[Host]:
    """Sessions with all hosts of the project (or ``only`` those). Raises what connecting raises."""
    begun = _begin_all(project, only, early)
    return [greeted(project, name, target, session, ask) for name, target, session in begun]


def connect_to(project: Project, name: str, ask: AskPassword) -> Host:
    """A session with one host, which the project need not name any more. Raises what connecting raises."""
    ((_, target, session),) = _begin(project, [(name, ServerTarget(address_of(name)))], Early([]))
    return greeted(project, name, target, session, ask)


def local_target(project: Project) -> LocalTarget:
    """This machine, as far as it concerns the project."""
    from uv import find_uv_bin

    folder = project.directory / ".seawall" / "local"
    files = authority.leaf_files(folder)
    chosen = ports(project)
    return LocalTarget(
        directory=str(project.directory),
        user=getpass.getuser(),
        nginx=_nginx(),
        https_port=chosen.https,
        http_port=chosen.http,
        is_root=os.geteuid() == 0,
        python=_base_python(),
        uv=os.fsdecode(find_uv_bin()),
        tool_python=sys.executable,
        certificate=str(files.certificate),
        key=str(files.key),
        runtime=user_manager.runtime(),
        runs_under=user_manager.runs_under(folder, project.app_id),
        elsewhere=user_manager.elsewhere(folder, project.app_id),
        leaf=authority.fingerprint(files),
    )


def _nginx() -> str:
    """An nginx on this machine, also where Debian puts it, which is not on everybody's PATH."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin") or ""


def _base_python() -> str:
    """The interpreter under the tool's own virtual environment: apps' environments must not depend on the tool's."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")

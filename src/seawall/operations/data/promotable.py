"""Whether a replica can take the primary's place: how all hosts are, and what is refused before anything is done.

Nothing here decides by itself that a primary is dead: whoever asks says so, and every host that is reached is asked
whether it agrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seawall.config.model import Project
from seawall.errors import PromotionRefused, UsageError
from seawall.operations.hosts import Host
from seawall.stack import database_host

#: How much a replica may be behind when its primary is stopped, bytes: until that has arrived nobody is served.
BEHIND = 64 << 20


@dataclass(frozen=True)
class Server:
    """A PostgreSQL as its host sees it. ``role`` is primary, standby or down; ``checkpoint`` is where the log of one
    that was shut down in order ends. ``lag_bytes`` and ``lag_seconds`` say at the primary how far the replica is
    behind, ``lag_bytes`` at the replica what it has got and not made yet; ``changed`` is from when the last change is
    that it has made (UTC), ``address`` where it follows. ``promoted`` says whose place it took."""

    role: str
    system: str
    checkpoint: str = ""
    streams: bool = False
    lag_bytes: int = -1
    lag_seconds: float = -1.0
    changed: str = ""
    address: str = ""
    paused: bool = False
    others: tuple[str, ...] = ()
    fenced: bool = False
    promoted: dict[str, Any] | None = None


@dataclass(frozen=True)
class There:
    """The hosts that are reached: the replica's, the app's, and the old primary's unless that is not reached, when
    ``unreached`` says why. ``of`` is what people call it, ``gone`` that it is said to be gone."""

    project: Project
    new: Host
    apps: tuple[Host, ...]
    of: str
    old: Host | None
    unreached: str = ""
    gone: bool = False


@dataclass(frozen=True)
class Outlook:
    """What would be done. ``primary`` is None where it was not reached; ``heard`` are the hosts that still reach it,
    where it is said to be gone."""

    new: str
    of: str
    address: str
    replica: Server
    primary: Server | None
    heard: tuple[str, ...] = ()

    @property
    def promoted(self) -> bool:
        """Whether the replica is the primary already."""
        return self.replica.promoted is not None and self.replica.role == "primary"

    @property
    def fenced(self) -> bool:
        """Whether the old primary is known to be fenced."""
        return bool((self.replica.promoted or {}).get("fenced"))

    @property
    def can_be_fenced(self) -> bool:
        """Whether the old primary is reached. One that was made anew since, or follows by now, is another server."""
        primary = self.primary
        return primary is not None and primary.system == self.replica.system and primary.role != "standby"

    @property
    def to_fence(self) -> bool:
        """Whether it is reached and not fenced, or nobody has written down that it is. A fence that somebody took away
        is put up again."""
        return self.can_be_fenced and not (self.fenced and self.primary is not None and self.primary.fenced)

    @property
    def done(self) -> bool:
        """Whether nothing is left but the deployment."""
        return self.promoted and not self.to_fence

    @property
    def lossless(self) -> bool:
        """Whether the replica will be seen to have all that the old primary has taken."""
        if self.promoted or self.primary is None:
            return False
        return self.primary.role == "primary" or bool(self.primary.checkpoint)


def must_be_of_the_database(project: Project, host: str) -> None:
    """Raises UsageError for a host that the project has for something else, or nowhere."""
    replica = project.database.replica
    if host in (replica, project.database.host) and host:
        return
    known = f"its replica is {replica}" if replica else "it has none"
    raise UsageError(
        f"{host} is no replica of the database of {project.environment}: {known}",
        place="seawall.toml",
        state="nothing was changed",
        remedy="name it as `replica` under [database] and deploy; what follows the primary can take its place"
        if not replica
        else f"seawall database promote {replica}",
    )


def place_of(new: Host, project: Project) -> str:
    """Whose place a host has taken, as people call it, where the file says already that it is the primary. Raises
    UsageError where it was never promoted."""
    made = _server(new, database_host.slot(project)).promoted
    if made is None:
        raise UsageError(
            f"{new.name} is the primary already",
            place="seawall.toml",
            state="nothing was changed",
            remedy="name the host of its replica",
        )
    return str(made["of"])


def look(there: There) -> Outlook:
    """How things are. Raises HostError."""
    slot = database_host.slot(there.project)
    replica = _server(there.new, slot)
    primary = _server(there.old, slot) if there.old else None
    told = replica.promoted or {}
    address = replica.address or str(told.get("address", ""))
    heard: list[str] = []
    if there.gone and primary is None and not replica.promoted and address:
        asked = (there.new, *there.apps)
        heard = [
            host.name for host in asked if host.session.request("data-promotion-knock", address=address)["answers"]
        ]
    return Outlook(there.new.name, there.of, address, replica, primary, tuple(heard))


def _server(host: Host, slot: str) -> Server:
    told = host.session.request("data-promotion-look", slot=slot)
    return Server(**{**told, "others": tuple(told["others"])})


def refuse(outlook: Outlook, there: There) -> None:
    """Raises PromotionRefused for what would lose something, or make two primaries."""
    if outlook.promoted:
        return
    _refuse_replica(outlook)
    if outlook.primary is None:
        _refuse_unreached(outlook, there)
    else:
        _refuse_reached(outlook, outlook.primary, gone=there.gone)


def _refuse_replica(outlook: Outlook) -> None:
    replica = outlook.replica
    if replica.role == "down":
        raise _refused(f"PostgreSQL on {outlook.new} does not run", "start it there, and see that it follows")
    if replica.role != "standby":
        raise _refused(
            f"PostgreSQL on {outlook.new} follows nobody: it takes changes of its own, and is no replica",
            "`seawall plan` says what it would take to make it one",
        )
    if replica.paused:
        raise _refused(
            f"somebody has stopped the replica on {outlook.new} from making changes",
            "on that host: sudo -u postgres psql -c 'SELECT pg_wal_replay_resume()'",
        )


def _refuse_unreached(outlook: Outlook, there: There) -> None:
    if not there.gone:
        raise _refused(
            f"{outlook.of} is not reached ({there.unreached}), so it cannot be fenced; "
            f"{outlook.new} has all changes up to {outlook.replica.changed or 'an unknown moment'}",
            "bring it back; or see to it by yourself that it is off and stays off, and say --primary-is-gone: what "
            f"{outlook.new} has not received is lost then",
        )
    if outlook.replica.streams:
        raise _refused(
            f"{outlook.of} is not gone: {outlook.new} receives its changes at this moment",
            "what is broken lies between here and there: mend that, or promote from where it is reached",
        )
    if outlook.heard:
        raise _refused(
            f"{outlook.of} is not gone: {', '.join(outlook.heard)} still reach it at {outlook.address}:"
            f"{database_host.PORT}",
            "switch it off, or cut its network, so that none of the app's hosts can write to it; then run this again",
        )


def _refuse_reached(outlook: Outlook, primary: Server, *, gone: bool) -> None:
    replica = outlook.replica
    if primary.system != replica.system:
        raise _refused(
            f"PostgreSQL on {outlook.new} is no copy of the one on {outlook.of}: they were made apart",
            "see which hosts `host` and `replica` under [database] name",
        )
    if primary.role == "standby":
        raise _refused(
            f"PostgreSQL on {outlook.of} takes no changes either: it follows another",
            "see which hosts `host` and `replica` under [database] name",
        )
    if primary.others:
        names = ", ".join(primary.others)
        raise _refused(
            f"{outlook.of} also has the database of {names}, which would be fenced with this one",
            "move that to another host first",
        )
    if primary.role == "primary":
        _refuse_running(outlook, primary, gone=gone)
    elif not primary.checkpoint and not primary.fenced and not gone:
        raise _refused(
            f"PostgreSQL on {outlook.of} is down, and did not end in order: {outlook.new} may lack its last changes",
            "start it there: the rest is sent then. If it cannot be started, say --primary-is-gone: what "
            f"{outlook.new} has not received is lost ({_reach(replica)})",
        )


def _refuse_running(outlook: Outlook, primary: Server, *, gone: bool) -> None:
    if gone:
        raise _refused(
            f"{outlook.of} is not gone: it is reached, and its PostgreSQL runs", "leave --primary-is-gone out"
        )
    if not (primary.streams and outlook.replica.streams):
        raise _refused(
            f"the replica on {outlook.new} does not follow {outlook.of}: it may lack changes",
            "the logs in /var/log/postgresql on both hosts say why; `seawall status` shows when it follows",
        )
    if primary.lag_bytes > BEHIND:
        raise _refused(
            f"the replica on {outlook.new} is {primary.lag_bytes >> 20} MiB behind: until then nobody could write",
            f"wait until `seawall status` shows less than {BEHIND >> 20} MiB",
        )


def _reach(replica: Server) -> str:
    return f"it has all up to {replica.changed}" if replica.changed else "it is not known how far it is"


def _refused(fact: str, remedy: str) -> PromotionRefused:
    return PromotionRefused(fact, state="nothing was changed", remedy=remedy)

"""The words the tool and the agent share about an app's data: plain data, on the host as JSON, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

T = TypeVar("T")

#: The role of a database whose place another host's took, and which is fenced.
FORMER = "former primary"


@dataclass(frozen=True)
class Database:
    """An app's database. ``kind`` is postgresql, mariadb, sqlite or external; ``name`` is also its role's.

    ``path`` is the file of SQLite; ``socket`` the folder (PostgreSQL) or file (MariaDB) of the server's unix socket.
    ``connections`` is how many the app's releases hold at most while two run side by side, 0 where nobody counts them;
    ``variable`` the one that tells the app its URL. ``env_file`` has the role's password, as ``DATABASE_PASSWORD``. Of
    a database on a host of its own ``address`` is where it listens, ``clients`` are the addresses of the app's hosts;
    ``role`` is primary or replica, ``slot`` the replica's on the primary, "" where there is none.
    """

    kind: str
    name: str = ""
    user: str = ""
    path: str = ""
    socket: str = ""
    connections: int = 0
    variable: str = ""
    address: str = ""
    clients: tuple[str, ...] = ()
    env_file: str = ""
    role: str = ""
    slot: str = ""


@dataclass(frozen=True)
class RedisServer:
    """An app's Redis: its unix socket, the folder of its files, its unit of systemd."""

    socket: str
    folder: str
    unit: str


@dataclass(frozen=True)
class Repository:
    """Where backups go. ``url`` is what restic calls a repository; ``env_file`` has its password, and its store's.

    ``ca`` is a file of certificates that it is trusted by, "" for the host's own; ``at`` when backups are made, as
    systemd understands it (systemd.time(7)). ``ssh_key`` and ``known_hosts`` are files for a repository behind SFTP, ""
    for root's own.
    """

    url: str
    env_file: str
    ca: str = ""
    at: str = ""
    ssh_key: str = ""
    known_hosts: str = ""


@dataclass(frozen=True)
class Retention:
    """How many backups are kept: the last one of so many days, weeks and months."""

    daily: int
    weekly: int
    monthly: int


@dataclass(frozen=True)
class Archive:
    """Every change of the host's PostgreSQL server of this major ``version``: pgBackRest's ``settings`` (a file), and
    what it calls the server, the ``stanza``."""

    settings: str
    stanza: str
    version: str


@dataclass(frozen=True)
class DrillSettings:
    """``command`` is the app's own check of a database that was restored, "" for none; ``at`` when drills are held, as
    systemd understands it, "" for never."""

    command: str = ""
    at: str = ""


@dataclass(frozen=True)
class Data:
    """All that is looked after of an app's data on a host. ``base`` is the app's folder, ``user`` its user.

    ``folders`` are those with the app's files, by their absolute paths. Without a ``retention`` no backup is removed.
    ``former`` are databases that the app had before, of another kind or name: nobody looks after them, and they are
    still there; they hold no connections.
    """

    app: str
    base: str
    user: str
    database: Database | None = None
    redis: RedisServer | None = None
    folders: tuple[str, ...] = ()
    repository: Repository | None = None
    retention: Retention | None = None
    drill: DrillSettings = field(default_factory=DrillSettings)
    archive: Archive | None = None
    former: tuple[Database, ...] = ()

    @property
    def databases(self) -> tuple[Database, ...]:
        """All that the host has of the app's."""
        return (*([self.database] if self.database else []), *self.former)


def data_to_wire(data: Data) -> dict[str, Any]:
    return asdict(data)


def data_from_wire(wire: Mapping[str, Any]) -> Data:
    """What :func:`data_to_wire` made, by this version or another: fields that this one does not know are left out.

    Raises TypeError, AttributeError where it is something else.
    """
    values = dict(wire)
    for name, cls in _PARTS.items():
        if values.get(name) is not None:
            values[name] = _made(cls, values[name])
    values["former"] = [database_from_wire(one) for one in values.get("former", ())]
    return _made(Data, values)


def database_from_wire(wire: Mapping[str, Any]) -> Database:
    """The same for a database alone."""
    return _made(Database, wire)


_PARTS: dict[str, type[Any]] = {
    "database": Database,
    "redis": RedisServer,
    "repository": Repository,
    "retention": Retention,
    "drill": DrillSettings,
    "archive": Archive,
}


def _made(cls: type[T], wire: Mapping[str, Any]) -> T:
    known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    values = {name: value for name, value in wire.items() if name in known}
    return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})

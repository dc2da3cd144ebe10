"""What a host holds for apps' data besides files: servers of databases as they run, and the apps' parts of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from seawall.agent.resource import Resource, table


@dataclass(frozen=True)
class PostgresqlServer(Resource):
    """Debian's cluster ``VERSION/main`` (pg_createcluster(1)), on at boot and running with ``settings``.

    ``settings`` are those of ``file``, each as ``NAME=value`` with the value as PostgreSQL itself shows it. What
    another file sets later, or an administrator by ALTER SYSTEM, has the last word.
    """

    kind: ClassVar[str] = "postgresql-server"

    version: str
    file: str
    settings: tuple[str, ...] = ()

    @property
    def wanted(self) -> dict[str, str]:
        """The settings by name."""
        return _by_name(self.settings)


@dataclass(frozen=True)
class PostgresqlDatabase(Resource):
    """A database on that cluster, the role of the same or another name that owns it, and nobody else in it.

    ``password`` is the role's; the server gets what it needs to check it (RFC 5803), never the password.
    """

    kind: ClassVar[str] = "postgresql-database"

    version: str
    name: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class PostgresqlCertificate(Resource):
    """What that cluster shows other hosts, who trust this certificate and no other. It stays when no app wants it any
    more. ``key`` is "" where the host has it already."""

    kind: ClassVar[str] = "postgresql-certificate"

    version: str
    certificate: str
    key: str = field(default="", repr=False)

    @property
    def paths(self) -> tuple[str, str]:
        """Where the certificate lies, and its key."""
        return certificate_paths(self.version)


@dataclass(frozen=True)
class PostgresqlDoor(Resource):
    """Which other hosts an app's role may come from: ``clients``, to ``address``, over TLS; nobody where there are
    none. Where the host has ufw, the port is open to them and to nobody else."""

    kind: ClassVar[str] = "postgresql-door"

    version: str
    name: str
    user: str
    address: str = ""
    clients: tuple[str, ...] = ()


#: The name of a :class:`PostgresqlDoor` by which a replica comes: no database's (pg_hba.conf, 21.1).
REPLICATION = "replication"


@dataclass(frozen=True)
class PostgresqlReplication(Resource):
    """What a replica follows the cluster by: a role that may do nothing else, and a slot that keeps for it what it has
    not seen. Without a ``password`` there is to be neither."""

    kind: ClassVar[str] = "postgresql-replication"

    version: str
    user: str
    slot: str
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class PostgresqlReplica(Resource):
    """The cluster is a copy of another, ``source`` (a connection string without a password, 34.1.1.1), and follows it
    by ``slot``; ``settings`` of ``PostgresqlServer`` say the same to the server."""

    kind: ClassVar[str] = "postgresql-replica"

    version: str
    source: str
    slot: str


@dataclass(frozen=True)
class MariadbServer(Resource):
    """Debian's MariaDB, on at boot, behind ``socket`` and running with ``settings``, which are those of ``file`` and of
    the files before it, each as ``NAME=value`` with the value as MariaDB itself shows it."""

    kind: ClassVar[str] = "mariadb-server"

    socket: str
    file: str
    settings: tuple[str, ...] = ()

    @property
    def wanted(self) -> dict[str, str]:
        """The settings by name."""
        return _by_name(self.settings)


@dataclass(frozen=True)
class MariadbDatabase(Resource):
    """A database on that server, and the user who may do anything in it and nothing elsewhere.

    ``password`` is the user's; the server gets what it needs to check it, never the password.
    """

    kind: ClassVar[str] = "mariadb-database"

    socket: str
    name: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class SqliteFile(Resource):
    """An SQLite database with a write-ahead log, ``user``'s own ("" on the local target)."""

    kind: ClassVar[str] = "sqlite-file"

    path: str
    user: str = ""


RESOURCES = table(
    PostgresqlServer,
    PostgresqlDatabase,
    PostgresqlCertificate,
    PostgresqlDoor,
    PostgresqlReplication,
    PostgresqlReplica,
    MariadbServer,
    MariadbDatabase,
    SqliteFile,
)


def certificate_paths(version: str) -> tuple[str, str]:
    """Where PostgreSQL has the certificate that it shows other hosts, and its key."""
    folder = f"/etc/postgresql/{version}/main"
    return f"{folder}/seawall.crt", f"{folder}/seawall.key"


def _by_name(settings: tuple[str, ...]) -> dict[str, str]:
    """Settings that are written ``NAME=value``."""
    pairs = (setting.partition("=") for setting in settings)
    return {name: value for name, _, value in pairs}
